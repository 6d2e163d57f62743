"""The devices of a link between its grid and its channel."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from commgen.phy.ofdm.device import Behaviour, Bent, Device
from commgen.phy.ofdm.draws import stream
from commgen.phy.ofdm.reception import Distortion
from commgen.phy.ofdm.sampled import devices_of, ofdm_of

# Purposes of random numbers, beside those of bits and noise.
_TRANSMITTER, _RECEIVER, _CALIBRATION = 2, 3, 4
# Entries of the grid that devices are measured on, some 1 % of error.
_CALIBRATION_ENTRIES = 50_000
# Entries of their channels, at most.
_CALIBRATION_MOST = 2**22


class FrontEnds:
    r"""Grid to samples, transmitter, grid; channel; samples, receiver, grid.

    The channel acts on the grid, symbol by symbol, as it does in a link without
    devices. That is what happens in time

    - for memoryless impairments of the transmitter (amplifier, converter): an OFDM
      symbol that is bent sample by sample has a cyclic prefix still, so that a channel
      which is shorter than the prefix and at rest within a symbol multiplies its
      subcarriers. With a window this holds but for what the bent edges add;
    - for all impairments of the receiver: they come behind the channel, and only the
      useful part of a symbol counts.

    It is not for phases that turn in the transmitter: these make the prefix differ from
    what it repeats, and are taken as if they turned behind the channel. Channels longer
    than the prefix, and those that move within a symbol, bring no interference here, as
    anywhere in this link. What the transmitter sends beside its subcarriers is not
    received. Noise is added behind the receiver's devices, at the grid: exact for
    phases, which leave white noise what it is, but a converter does not see the noise.

    What the transmitter sends is scaled to unit mean power on its subcarriers, so that
    SNR is that of the power that was sent, distortion included. The channel that
    estimates are compared with, and a genie knows, has the gain of both ends on each
    OFDM symbol inside.

    All that is drawn is a function of ``(seed, batch)``, and the same at all SNRs.

    Parameters
    ----------
    link : LinkConfig
        With impairments.
    index : [num_effective_subcarriers], int
        Subcarriers in use.
    draw_grid : (num_slots, words) -> grid
        Makes grids [num_slots, 1, num_streams, num_ofdm_symbols, fft_size] on which the
        devices are measured once.
    draw_channel : num_slots -> h
        Makes channels for the same, which no batch has.
    apply : (grid, h) -> y
        The channel.
    seed
        Of the link.

    Attributes
    ----------
    distortion : Distortion
        What the devices add, as receivers are told; none where it is to be ignored.
        That of both ends counts as independent: a converter of 3 bits behind a hard
        amplifier undoes some of its distortion, and is then told to be 0.9 dB worse.
    """

    def __init__(
        self,
        link: Any,
        index: np.ndarray,
        *,
        draw_grid: Callable,
        draw_channel: Callable,
        apply: Callable,
        seed: int,
    ):
        self._seed, self._apply = seed, apply
        ofdm, chains = ofdm_of(link), devices_of(link)
        self._ends = [
            _End(Device(ofdm, chain), index) if chain.impairments else None
            for chain in chains
        ]
        pilots = sorted(link.pilot_ofdm_symbol_indices)
        data = sorted({*range(link.num_ofdm_symbols)} - {*pilots})
        self._symbols = data or pilots, pilots or data
        num = _num_slots(link)
        sent = draw_grid(num, stream(seed, 0, _CALIBRATION))
        self.distortion = self._measure(sent, lambda: draw_channel(num))
        if link.impairments.distortion == "ignored":
            self.distortion = Distortion()

    def through(self, grid, h, batch: int) -> tuple[Any, Any]:
        """Return the channel with its ends, and what is received without noise.

        Parameters
        ----------
        grid : [batch, 1, num_streams, num_ofdm_symbols, fft_size], complex
            What is sent.
        h : [batch, 1, num_rx_ant, 1, num_streams, num_ofdm_symbols, fft_size], complex
            The channel's response.
        batch
            Its number.
        """
        transmitter, receiver = self._ends
        seen, y = h, grid
        if transmitter:
            y, gain = transmitter(grid, self._rng(batch, _TRANSMITTER))
            seen = seen * gain[:, None, None, None, :, :, None]
        y = self._apply(y, h)
        if receiver:
            y, gain = receiver(y, self._rng(batch, _RECEIVER))
            seen = seen * gain[:, None, :, None, None, :, None]
        return seen, y

    def _measure(self, sent, draw_channel) -> Distortion:
        """Measure both ends, the receiver behind transmitter and channel."""
        transmitter, receiver = self._ends
        rng = self._rng(0, _CALIBRATION)
        of_data = of_pilots = received = received_pilots = 0.0
        if transmitter:
            seen = transmitter.measure(sent, rng)
            transmitter.scale = float(seen().power ** -0.5)
            of_data, of_pilots = (
                found.distortion / found.gain**2 for found in map(seen, self._symbols)
            )
            sent, _ = transmitter(sent, rng)
        if receiver:
            y = self._apply(sent, draw_channel())
            seen = receiver.measure(y, rng)
            received, received_pilots = (seen(s).distortion for s in self._symbols)
        return Distortion(of_data, received, of_pilots + received_pilots)

    def _rng(self, batch, purpose) -> np.random.Generator:
        return np.random.default_rng([self._seed, batch, purpose])


def _num_slots(link) -> int:
    """Return how many slots devices are measured on."""
    entries = link.num_effective_subcarriers * link.num_ofdm_symbols * link.num_streams
    most = max(_CALIBRATION_MOST // link.num_channel_entries, 1)
    return min(-(-_CALIBRATION_ENTRIES // entries), most)


class _End:
    """A device of one end, on the whole grid."""

    def __init__(self, device: Device, index: np.ndarray):
        self._device, self._index = device, index
        self.scale, self._idle_gain = 1.0, 1.0

    def __call__(self, grid, rng) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the grid [batch, 1, num_ant, ...] and gains [batch, num_ant, ...]."""
        grid = np.asarray(grid)
        bent = self._device(grid[:, 0][..., self._index], rng)
        out = np.zeros_like(grid)
        out[:, 0][..., self._index] = np.float32(self.scale) * bent.grid
        gain = np.where(np.isnan(bent.gain), np.float32(self._idle_gain), bent.gain)
        return tf.constant(out), tf.constant(np.complex64(self.scale * gain))

    def measure(self, grid, rng) -> Callable[..., Behaviour]:
        """Return what tells how some OFDM symbols, or all, come through on average.

        From then on silent ones are taken to have the gain of all.
        """
        grid = np.asarray(grid)[:, 0][..., self._index]
        bent = self._device(grid, rng)

        def seen(symbols=slice(None)):
            part = Bent(bent.grid[:, :, symbols], bent.gain[:, :, symbols])
            return Behaviour.of(grid[:, :, symbols], part)

        self._idle_gain = seen().gain
        return seen
