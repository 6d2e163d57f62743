"""Blocks of any modulation and coding scheme, one codeword each."""

from functools import cached_property

import numpy as np

from commgen._checks import check_int
from commgen.coding import TransportBlock, transport_block_size
from commgen.frame.llr import demap
from commgen.frame.qam import qam_points
from commgen.phy.nr.mcs import McsTableName, mcs_table


class BlockCodec:
    """Codec of blocks that take so many symbols, with a scheme for each block.

    Parameters
    ----------
    num_symbols
        Symbols of a block, over all of its layers: resource elements times layers.
    table
        Schemes, as of :func:`~commgen.phy.nr.mcs.mcs_table`.
    num_iterations
        Of the decoder.

    Attributes
    ----------
    schemes : tuple of Mcs
        Of the table.
    """

    def __init__(
        self,
        num_symbols: int,
        table: McsTableName = "256qam",
        *,
        num_iterations: int = 20,
    ):
        self.num_symbols = check_int("num_symbols", num_symbols, low=12)
        self.schemes = mcs_table(table)
        self._num_iterations = num_iterations
        self._codecs: dict[int, TransportBlock] = {}

    @cached_property
    def sizes(self) -> np.ndarray:
        """Information bits of a block of each scheme, [num_schemes] (TS 38.214)."""
        return np.array(
            [
                transport_block_size(self.num_symbols, bits, 1, rate)
                for bits, rate in self.schemes
            ]
        )

    def modulate(self, mcs: np.ndarray, bits: np.ndarray) -> np.ndarray:
        """Return the symbols of blocks.

        Parameters
        ----------
        mcs : [num_blocks], int
            Number of each block's scheme; -1 where nothing is sent.
        bits : [num_blocks, at least the largest size], uint8
            As many of each row as its block has are sent.

        Returns
        -------
        [num_blocks, num_symbols], complex64
            Of unit mean power; zero where nothing is sent.
        """
        x = np.zeros((len(mcs), self.num_symbols), np.complex64)
        for m, rows in _by_scheme(mcs):
            q = self.schemes[m].num_bits_per_symbol
            coded = self._codec(m).encode(bits[rows, : self.sizes[m]])
            words = coded.reshape(len(rows), self.num_symbols, q)
            x[rows] = qam_points(q)[words @ (1 << np.arange(q)[::-1])]
        return x

    def accept(
        self, mcs: np.ndarray, x_hat: np.ndarray, no_eff: np.ndarray
    ) -> np.ndarray:
        """Decode blocks, and say which count as received.

        Parameters
        ----------
        mcs : [num_blocks], int
            As of :meth:`modulate`.
        x_hat : [num_blocks, num_symbols], complex
            Equalised symbols, free of bias.
        no_eff : broadcastable to ``x_hat``, float
            Variance of their noise with all interference; symbols of an infinite one
            say nothing.

        Returns
        -------
        [num_blocks], bool
            Whether CRC and parity checks hold; False where nothing was sent.
        """
        accepted = np.zeros(len(mcs), bool)
        no_eff = np.broadcast_to(no_eff, x_hat.shape)
        for m, rows in _by_scheme(mcs):
            codec = self._codec(m)
            no = no_eff[rows].astype(np.float32)
            x = x_hat[rows].astype(np.complex64)
            llr = demap(x, no, self.schemes[m].num_bits_per_symbol)
            buffer = codec.new_buffer(len(rows))
            codec.combine(buffer, llr.reshape(len(rows), -1))
            accepted[rows] = codec.decode(buffer)[1]
        return accepted

    def _codec(self, m: int) -> TransportBlock:
        if m not in self._codecs:
            scheme = self.schemes[m]
            self._codecs[m] = TransportBlock(
                int(self.sizes[m]),
                self.num_symbols * scheme.num_bits_per_symbol,
                num_bits_per_symbol=scheme.num_bits_per_symbol,
                coderate=scheme.coderate,
                num_iterations=self._num_iterations,
                solve_erasures=False,
            )
        return self._codecs[m]


def _by_scheme(mcs):
    """Yield each scheme that is in use, with its blocks."""
    for m in np.unique(mcs[mcs >= 0]):
        yield int(m), np.flatnonzero(mcs == m)
