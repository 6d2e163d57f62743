"""Bits to symbols and back: LDPC, QAM, and how codewords fill a slot."""

import math
from dataclasses import dataclass

import tensorflow as tf
from sionna.phy import Block
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import Demapper, Mapper

MIN_CODERATE = 0.2  # Sionna's encoder has no repetition coding
MAX_CODERATE = 948 / 1024  # 3GPP TS 38.212 5.4.2.1
_MIN_K = 12
_MAX_K_BASE_GRAPH_1 = 8448  # 3GPP TS 38.212 5.2.2
_MAX_K_BASE_GRAPH_2 = 3824  # 3GPP TS 38.212 7.2.2; the only graph below rate 1/3


@dataclass(frozen=True)
class CodewordLayout:
    """How the codewords of one stream fill its data symbols.

    Parameters
    ----------
    num_codewords
        Codewords of a stream in a slot, all alike.
    k, n
        Information bits and coded bits of each.
    num_filler_bits
        Bits left over at the end of the stream; zeros are sent there.
    """

    num_codewords: int
    k: int
    n: int
    num_filler_bits: int

    @classmethod
    def of(
        cls, num_data_symbols: int, num_bits_per_symbol: int, coderate: float
    ) -> "CodewordLayout":
        """Split a stream into as few equal codewords as the LDPC code allows.

        Raises
        ------
        ValueError
            If ``coderate`` is outside 1/5..948/1024, or less than 12 information bits
            fit.
        """
        if not MIN_CODERATE <= coderate <= MAX_CODERATE:
            raise ValueError(
                f"coderate must be in {MIN_CODERATE}..{MAX_CODERATE:.4f}, the range "
                f"of the LDPC code, got {coderate}."
            )
        max_k = _MAX_K_BASE_GRAPH_1 if coderate >= 1 / 3 else _MAX_K_BASE_GRAPH_2
        num_bits = num_data_symbols * num_bits_per_symbol
        num_codewords = max(1, math.ceil(num_bits * coderate / max_k))
        n = num_data_symbols // num_codewords * num_bits_per_symbol
        # At the lowest rate rounding down would fall below it.
        k = min(math.ceil(n * coderate - 1e-9), max_k)
        if k < _MIN_K:
            raise ValueError(
                f"The slot must hold at least {_MIN_K} information bits a stream, "
                f"got {k} ({num_data_symbols} data symbols of {num_bits_per_symbol} "
                f"bits at coderate {coderate})."
            )
        return cls(num_codewords, k, n, num_bits - num_codewords * n)


class Transmitter(Block):
    """Information bits to QAM symbols.

    Input
    -----
    bits : [batch, 1, num_streams, num_codewords, k], float
        Zeros and ones.

    Output
    ------
    x : [batch, 1, num_streams, num_data_symbols], complex
        Symbols of unit mean power.
    """

    def __init__(self, layout: CodewordLayout, num_bits_per_symbol: int):
        super().__init__()
        self.layout = layout
        self.encoder = LDPC5GEncoder(
            layout.k, layout.n, num_bits_per_symbol=num_bits_per_symbol
        )
        self._mapper = Mapper("qam", num_bits_per_symbol)

    def call(self, bits):
        """Encode, concatenate the codewords, fill up with zeros, map."""
        c = self.encoder(bits)
        lead = tf.shape(c)[:3]
        c = tf.reshape(c, tf.concat([lead, [-1]], 0))
        filler = tf.zeros(tf.concat([lead, [self.layout.num_filler_bits]], 0), c.dtype)
        return self._mapper(tf.concat([c, filler], axis=-1))


class Receiver(Block):
    """QAM symbols to decided information bits.

    Input
    -----
    x_hat : [batch, 1, num_streams, num_data_symbols], complex
        Equalised symbols.
    no_eff : the same shape, float
        Their noise variance.

    Output
    ------
    bits_hat : [batch, 1, num_streams, num_codewords, k], float
        Decisions.
    """

    def __init__(
        self, transmitter: Transmitter, num_bits_per_symbol: int, num_iterations: int
    ):
        super().__init__()
        self._layout = transmitter.layout
        self._demapper = Demapper("app", "qam", num_bits_per_symbol)
        self._decoder = LDPC5GDecoder(
            transmitter.encoder, num_iter=num_iterations, hard_out=True
        )

    def call(self, x_hat, no_eff):
        """Demap, drop the filler, decode."""
        layout = self._layout
        llr = self._demapper(x_hat, no_eff)
        llr = llr[..., : layout.num_codewords * layout.n]
        shape = tf.concat([tf.shape(llr)[:3], [layout.num_codewords, layout.n]], 0)
        return self._decoder(tf.reshape(llr, shape))
