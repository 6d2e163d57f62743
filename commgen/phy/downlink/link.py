"""One slot of a downlink: blocks for all users at once, precoded, received, decoded."""

from dataclasses import dataclass

import numpy as np

from commgen._checks import check_int, check_positive
from commgen._random import complex_normal
from commgen.phy.downlink.adaptation import mean_sinr
from commgen.phy.downlink.blocks import BlockCodec
from commgen.phy.downlink.reception import Reception, effective_channels
from commgen.phy.nr.mcs import McsTableName


@dataclass(frozen=True)
class SlotDraws:
    """All that is random in a batch of slots but the channels.

    Parameters
    ----------
    bits : [batch, num_users, largest block], uint8
        Of which a block takes as many as it has.
    noise : [batch, num_users, num_rx_ant, num_re], complex64
        Of unit variance.
    pilot_noise : [batch, num_users, num_rx_ant, num_users, num_streams], complex64
        On what the users estimate, of unit variance.
    """

    bits: np.ndarray
    noise: np.ndarray
    pilot_noise: np.ndarray


@dataclass(frozen=True)
class Delivery:
    """What became of the blocks of a batch, [batch, num_users].

    Parameters
    ----------
    sent, accepted
        Whether a block was sent, and received, bool.
    bits
        Information bits of those that were received, int.
    """

    sent: np.ndarray
    accepted: np.ndarray
    bits: np.ndarray


class DownlinkLink:
    r"""Blocks of the NR code to several users on the same resource elements.

    User k receives :math:`y_k = H_k \sum_j W_j x_j + n_k` on each of ``num_re``
    elements, over which the channels stay. Its block has a scheme of its own and spans
    its streams. It is received by the filter of least squared error; what others are
    sent counts as Gaussian noise in the LLRs, though it is QAM. A user knows its
    effective channels :math:`H_k W_j` of all j: exactly, or from precoded pilots.

    Parameters
    ----------
    num_re
        Resource elements for data; 144 are a resource block with two symbols of DMRS.
    num_streams
        Of each user.
    table, num_decoder_iterations
        As of :class:`~commgen.phy.downlink.BlockCodec`.
    num_pilots
        Pilots, of the power of data and orthogonal over all streams, that effective
        channels are averaged over; None where users know them.

    Attributes
    ----------
    codec : BlockCodec
        Of the blocks.
    """

    def __init__(
        self,
        num_re: int = 288,
        num_streams: int = 1,
        *,
        table: McsTableName = "256qam",
        num_pilots: int | None = None,
        num_decoder_iterations: int = 20,
    ):
        self.num_re = check_int("num_re", num_re, low=12)
        self.num_streams = check_int("num_streams", num_streams, low=1)
        if num_pilots is not None:
            check_int("num_pilots", num_pilots, low=1)
        self.num_pilots = num_pilots
        self.codec = BlockCodec(
            num_re * num_streams, table, num_iterations=num_decoder_iterations
        )

    def draws(
        self, rng: np.random.Generator, batch: int, num_users: int, num_rx_ant: int
    ) -> SlotDraws:
        """Draw bits and noise of a batch of slots."""
        users = batch, num_users
        largest = int(self.codec.sizes.max())
        heard = (*users, num_rx_ant, num_users, self.num_streams)
        return SlotDraws(
            rng.integers(0, 2, (*users, largest), dtype=np.uint8),
            complex_normal(rng, (*users, num_rx_ant, self.num_re)),
            complex_normal(rng, heard),
        )

    def sinr(self, h: np.ndarray, w: np.ndarray, no: float) -> np.ndarray:
        """Return each user's SINR where all users are sent to.

        Parameters
        ----------
        h : [..., num_users, num_rx_ant, num_tx_ant], complex
            Channels, or draws of what they may be.
        w : [batch, num_users, num_tx_ant, num_streams], complex
            Weights, broadcast over leading axes of ``h``.
        no
            Noise variance at a receive antenna.

        Returns
        -------
        [..., num_users], float
            Of one stream that carries the mean rate of the streams.
        """
        heard = effective_channels(h, w)
        flat = heard.reshape(-1, *heard.shape[-4:])
        found = mean_sinr(Reception.of(flat, no).sinr)
        return found.reshape(heard.shape[:-3])

    def run(
        self, h: np.ndarray, w: np.ndarray, mcs: np.ndarray, no: float, draws: SlotDraws
    ) -> Delivery:
        """Send a block to each user, and decode what arrives.

        Parameters
        ----------
        h : [batch, num_users, num_rx_ant, num_tx_ant], complex
            Channels.
        w : [batch, num_users, num_tx_ant, num_streams], complex
            Weights.
        mcs : [batch, num_users], int
            Number of each block's scheme; -1 sends nothing, and disturbs nobody.
        no
            Noise variance at a receive antenna.
        draws
            Of :meth:`draws`.
        """
        no = check_positive("no", no)
        sent = mcs >= 0
        heard = effective_channels(h, w * sent[..., None, None])
        bits = draws.bits.reshape(-1, draws.bits.shape[-1])
        blocks = self.codec.modulate(mcs.ravel(), bits)
        x = blocks.reshape(*mcs.shape, self.num_streams, self.num_re)
        y = np.einsum("burvs,bvsn->burn", heard, x, optimize=True)
        y = y + np.sqrt(no) * draws.noise
        known = Reception.of(self._estimated(heard, no, draws), no)
        no_eff = np.broadcast_to(known.no_eff[..., None], x.shape)
        accepted = self.codec.accept(
            mcs.ravel(),
            known.symbols(y).reshape(blocks.shape),
            no_eff.reshape(blocks.shape),
        ).reshape(mcs.shape)
        sizes = np.append(self.codec.sizes, 0)[mcs]
        return Delivery(sent, accepted, sizes * accepted)

    def _estimated(self, heard, no, draws):
        if self.num_pilots is None:
            return heard
        return heard + np.sqrt(no / self.num_pilots) * draws.pilot_noise
