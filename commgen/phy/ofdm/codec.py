"""Bits to symbols and back: LDPC, QAM, and how codewords fill a slot."""

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from commgen.coding import Decoded, LDPCDecoder, LDPCEncoder, extrinsic_llr
from commgen.frame.codewords import CodewordLayout
from commgen.frame.constellation import Constellation
from commgen.phy.ofdm.symbols import Symbols
from commgen.phy.signal.demapper import demap


class PlainCode:
    """The LDPC code alone, whose bits are equally likely.

    Parameters
    ----------
    layout
        How codewords fill a stream.
    num_bits_per_symbol
        Of the interleaver.
    num_iterations
        Greatest number of iterations of the decoder.
    """

    def __init__(
        self,
        layout: CodewordLayout,
        num_bits_per_symbol: int,
        *,
        num_iterations: int = 20,
    ):
        self.encoder = LDPCEncoder(
            layout.k, layout.n, num_bits_per_symbol=num_bits_per_symbol
        )
        self._decoder = LDPCDecoder(self.encoder, num_iterations=num_iterations)

    def coded_bits(self, bits) -> np.ndarray:
        """Return the codewords [..., n] of bits [..., k]."""
        return self.encoder(bits)

    def decode_bits(self, llr, *, soft: bool = False) -> Decoded:
        """Decode LLRs [..., n]; ``soft`` returns those of the coded bits too."""
        return self._decoder.decode(llr, soft=soft)


class Transmitter:
    """Information bits to QAM symbols; not a part of any graph.

    Parameters
    ----------
    layout
        How codewords fill a stream.
    symbols
        2, 4, 6 or 8 bits of QAM, or a constellation: of equally likely points, or that
        of ``code``.
    code
        :class:`PlainCode`, or :class:`~commgen.frame.shaped.ShapedCode`.

    Input
    -----
    bits : [batch, 1, num_streams, num_codewords, k], uint8 or float
        Zeros and ones.

    Output
    ------
    x : [batch, 1, num_streams, num_data_symbols], complex64
        Symbols of unit mean power.
    """

    def __init__(self, layout: CodewordLayout, symbols: Symbols, code: Any):
        self.layout, self.symbols, self.code = layout, symbols, code
        made = Constellation.qam(symbols) if isinstance(symbols, int) else symbols
        self.num_bits_per_symbol = made.num_bits_per_symbol
        self._points = made.points.astype(np.complex64)

    def __call__(self, bits) -> np.ndarray:
        """Encode, concatenate the codewords, fill up with zeros, map."""
        c = self.coded_bits(bits)
        c = c.reshape(*c.shape[:3], -1, self.num_bits_per_symbol)
        label = c[..., 0].copy()
        for i in range(1, self.num_bits_per_symbol):
            label = 2 * label + c[..., i]
        return self._points[label]

    def coded_bits(self, bits) -> np.ndarray:
        """Return what is mapped, [batch, 1, num_streams, num_data_symbols * bits]."""
        c = self.code.coded_bits(bits)
        c = c.reshape(*c.shape[:3], -1)
        if self.layout.num_filler_bits:
            c = np.pad(c, [(0, 0)] * 3 + [(0, self.layout.num_filler_bits)])
        return c


class Receiver:
    """QAM symbols to decided information bits; the decoder is not a part of a graph.

    Parameters
    ----------
    transmitter
        What the symbols came from.
    jit_compile
        Compile the demapper with XLA.

    Input
    -----
    x_hat : [batch, 1, num_streams, num_data_symbols], complex
        Equalised symbols.
    no_eff : the same shape, float
        Their noise variance.

    Output
    ------
    bits_hat : [batch, 1, num_streams, num_codewords, k], uint8
        Decisions.
    """

    def __init__(
        self,
        transmitter: Transmitter,
        *,
        jit_compile: bool = False,
    ):
        self._layout = transmitter.layout
        symbols = transmitter.symbols
        self._demap = tf.function(
            lambda x_hat, no_eff: demap(x_hat, no_eff, symbols),
            # XLA would compute the exponentials of larger QAM several times over.
            jit_compile=jit_compile and transmitter.num_bits_per_symbol <= 6,
            autograph=False,
        )
        self._code = transmitter.code

    def __call__(self, x_hat, no_eff) -> np.ndarray:
        """Demap, drop the filler, decode."""
        return self._code.decode_bits(self._llr(x_hat, no_eff)).bits

    def decode_soft(self, x_hat, no_eff, num: int | None = None) -> Decoded:
        """Decode, and return what the code says of every coded bit.

        Parameters
        ----------
        x_hat, no_eff
            As above.
        num
            Slots that are decoded; the others only fill up the batch.

        Returns
        -------
        Decoded
            Its arrays begin with [batch, 1, num_streams, num_codewords]. The LLRs are
            extrinsic where the checks do not hold: what the symbols themselves said is
            left out, or the channel would be found as it was taken to be. Where the
            checks hold they are those of the decision.
        """
        return self._soft(self._llr(x_hat, no_eff)[:num])

    def decode_soft_llr(self, llr, num: int | None = None) -> Decoded:
        """Decode LLRs as of :meth:`decode_llr`, and return what the code says."""
        return self._soft(self._codewords(np.asarray(llr))[:num])

    def _soft(self, llr) -> Decoded:
        found = self._code.decode_bits(llr, soft=True)
        new = extrinsic_llr(found.llr, llr)
        return replace(found, llr=np.where(found.parity_ok[..., None], found.llr, new))

    def decode_llr(self, llr) -> np.ndarray:
        """Decode LLRs of all bits, [batch, 1, num_streams, num_data_symbols * bits]."""
        return self._code.decode_bits(self._codewords(np.asarray(llr))).bits

    def stream_llr(self, llr: np.ndarray) -> np.ndarray:
        """Line up LLRs of the coded bits with the symbols; the filler is known.

        Parameters
        ----------
        llr : [batch, 1, num_streams, num_codewords, n], float32
            As of :meth:`decode_soft`.

        Returns
        -------
        [batch, num_streams, num_data_symbols * num_bits_per_symbol], float32
        """
        llr = llr.reshape(len(llr), llr.shape[2], -1)
        filler = [(0, 0), (0, 0), (0, self._layout.num_filler_bits)]
        return np.pad(llr, filler, constant_values=-np.inf)

    def _llr(self, x_hat, no_eff):
        llr = self._demap(tf.reshape(x_hat, [-1]), tf.reshape(no_eff, [-1])).numpy()
        return self._codewords(llr.reshape(*x_hat.shape[:3], -1))

    def _codewords(self, llr):
        layout = self._layout
        llr = llr[..., : layout.num_codewords * layout.n]
        return llr.reshape(*llr.shape[:3], layout.num_codewords, layout.n)


def code_of(link: Any) -> Any:
    """Return the code of a link's configuration: plain, or of shaped QAM."""
    size, num_iterations = link.num_bits_per_symbol, link.num_decoder_iterations
    if link.shaping is None:
        return PlainCode(link.layout, size, num_iterations=num_iterations)
    return link.shaping.code(link.layout, size, num_iterations=num_iterations)
