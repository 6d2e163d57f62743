"""Probabilistic amplitude shaping: matcher, NR LDPC code and QAM as one code."""

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.coding.decoder import LDPCDecoder
from commgen.coding.encoder import LDPCEncoder, as_bits
from commgen.coding.layered import Decoded
from commgen.frame.constellation import Constellation
from commgen.frame.qam import pam_labels, qam_points

_ROUNDING = 1e-6


class ShapedCode:
    r"""Data bits to QAM symbols of a matcher's probabilities, and back.

    Böcherer, Steiner and Schulte, IEEE Trans. Commun. 63 (2015), fig. 5: the matcher's
    amplitudes are information bits of a systematic code, and what else it sends are
    their signs. Of the NR code, which never sends its first 2Z information bits, those
    are uniform data, and so may be further ones that are sent as signs:

    .. math:: R = \frac{k - A + B k_\mathrm{matcher}}{S}

    bits a symbol, with S symbols, k information bits of the code, A amplitude bits and
    B sequences of the matcher.

    Parameters
    ----------
    num_bits_per_symbol
        4, 6 or 8.
    matcher
        :class:`~commgen.coding.sphere_shaping.SphereShaper` or
        :class:`~commgen.coding.composition.CompositionMatcher` of as many amplitudes as
        an axis has.
    num_symbols
        Symbols of a codeword S; their two axes fill whole sequences of the matcher.
    rate
        Bits of data a symbol R; the next whole number of bits is taken.
    num_iterations
        Of the decoder, at most.

    Raises
    ------
    ValueError
        If the sizes do not fit each other, or the rate asks for more data than there
        are places, or for less than the code holds back: then the matcher has too few
        or too many bits.
    """

    def __init__(
        self,
        num_bits_per_symbol: int,
        matcher: Any,
        num_symbols: int,
        rate: float,
        *,
        num_iterations: int = 20,
    ):
        amplitudes, labels = pam_labels(num_bits_per_symbol)
        if matcher.num_levels != len(amplitudes) or num_bits_per_symbol < 4:
            raise ValueError(
                f"matcher must have the {len(amplitudes)} amplitudes of an axis, at "
                f"least two, got {matcher.num_levels}."
            )
        self.num_bits_per_symbol, self.matcher = num_bits_per_symbol, matcher
        self.num_symbols = check_int("num_symbols", num_symbols, low=1)
        self._num_blocks, rest = divmod(2 * num_symbols, matcher.length)
        if rest:
            raise ValueError(
                f"num_symbols must be a multiple of {matcher.length} / 2, for the "
                f"matcher's amplitudes on two axes, got {num_symbols}."
            )
        # A rate that is made of whole bits is not to gain one by rounding.
        data = check_positive("rate", rate) * num_symbols - _ROUNDING
        self.num_data_bits = int(np.ceil(data))
        self._num_uniform = self.num_data_bits - self._num_blocks * matcher.num_bits
        self._num_shaped = num_symbols * (num_bits_per_symbol - 2)
        self._encoder = self._code(rate)
        self._decoder = LDPCDecoder(self._encoder, num_iterations=num_iterations)
        # By level: the bits of the amplitudes in rising order.
        self._labels = labels[np.argsort(amplitudes)].astype(np.uint8)
        self._level = np.empty(len(amplitudes), np.int64)
        weights = 2 ** np.arange(labels.shape[1])[::-1]
        self._level[self._labels @ weights] = np.arange(len(amplitudes))
        self._weights = weights

    def _code(self, rate) -> LDPCEncoder:
        n = self.num_symbols * self.num_bits_per_symbol
        k = self._num_uniform + self._num_shaped
        if self._num_uniform < 0:
            raise ValueError(
                f"rate must be at least the {self.matcher.num_bits} bits of each "
                f"sequence of the matcher, got {rate:g} bits a symbol."
            )
        try:
            encoder = LDPCEncoder(k, n)
        except ValueError as error:
            raise ValueError(
                f"rate {rate:g} asks for a code that is not there ({error})."
            ) from error
        unsent = 2 * encoder.code.z
        if self._num_uniform < unsent:
            raise ValueError(
                f"rate must leave {unsent} bits beside the matcher's, which the NR "
                f"code never sends, got {self._num_uniform} at {rate:g} bits a symbol."
            )
        self._num_uniform_sent = self._num_uniform - unsent
        return encoder

    @property
    def constellation(self) -> Constellation:
        """Points with the probabilities that the matcher makes."""
        return matched_qam(self.num_bits_per_symbol, self.matcher)

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Return the labels of the symbols.

        Parameters
        ----------
        bits : [n, num_data_bits], uint8
            Data.

        Returns
        -------
        [n, num_symbols], int
            Numbers of the points of :attr:`constellation`.
        """
        labels = self.coded_bits(bits).reshape(-1, *self._shape)
        return labels @ (2 ** np.arange(self.num_bits_per_symbol)[::-1])

    def coded_bits(self, bits: np.ndarray) -> np.ndarray:
        """Return the bits of all labels, in the order of the symbols.

        Parameters
        ----------
        bits : [..., num_data_bits], uint8
            Data.

        Returns
        -------
        [..., num_symbols * num_bits_per_symbol], uint8
        """
        bits = as_bits("bits", bits, self.num_data_bits)
        lead, bits = bits.shape[:-1], bits.reshape(-1, self.num_data_bits)
        uniform, data = np.split(bits, [self._num_uniform], axis=1)
        levels = self.matcher.encode(data.reshape(-1, self.matcher.num_bits))
        shaped = self._labels[levels].reshape(len(bits), -1)
        sent = self._encoder(np.concatenate([uniform, shaped], axis=1))
        return sent[:, self._order].reshape(*lead, -1)

    @property
    def _shape(self) -> tuple[int, int]:
        return self.num_symbols, self.num_bits_per_symbol

    @cached_property
    def _order(self) -> np.ndarray:
        """Which coded bits the labels have: signs, then amplitudes by axis."""
        size, first = self.num_symbols, self._num_uniform_sent
        last = first + self._num_shaped
        sent = np.arange(size * self.num_bits_per_symbol)
        signs = np.concatenate([sent[:first], sent[last:]]).reshape(size, 2)
        shaped = sent[first:last].reshape(size, 2, -1).swapaxes(1, 2)
        return np.hstack([signs, shaped.reshape(size, -1)]).ravel()

    def decode(self, llr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return data of LLRs, and whether code and matcher agree with them.

        Parameters
        ----------
        llr : [n, num_symbols, num_bits_per_symbol], float
            ln p(1) / p(0) with the prior of :attr:`constellation` inside, as a demapper
            gives them.

        Returns
        -------
        bits : [n, num_data_bits], uint8
        ok : [n], bool
            All checks of the code hold, and each sequence is one of the matcher.
        """
        llr = np.asarray(llr, np.float32)
        if llr.ndim != 3 or llr.shape[1:] != self._shape:
            raise ValueError(
                f"llr must be [n, {self.num_symbols}, {self.num_bits_per_symbol}], got "
                f"{llr.shape}."
            )
        found = self.decode_bits(llr.reshape(len(llr), -1))
        return found.bits, found.parity_ok

    def decode_bits(self, llr: np.ndarray, *, soft: bool = False) -> Decoded:
        """Decode LLRs of :meth:`coded_bits`, with what the code says of each.

        Parameters
        ----------
        llr : [..., num_symbols * num_bits_per_symbol], float
            As of :meth:`decode`.
        soft
            Return the LLRs of the coded bits too.

        Returns
        -------
        Decoded
            ``parity_ok`` also says that each sequence is one of the matcher.
        """
        llr = np.asarray(llr, np.float32)
        sent = np.empty_like(llr)
        sent[..., self._order] = llr
        found = self._decoder.decode(sent, soft=soft)
        uniform, shaped = np.split(found.bits, [self._num_uniform], axis=-1)
        labels = shaped.reshape(-1, self._labels.shape[1]) @ self._weights
        levels = self._level[labels].reshape(-1, self.matcher.length)
        data, ok = self.matcher.decode(levels)
        lead = found.parity_ok.shape
        return replace(
            found,
            bits=np.concatenate([uniform, data.reshape(*lead, -1)], axis=-1),
            parity_ok=found.parity_ok & ok.reshape(*lead, -1).all(axis=-1),
            llr=None if found.llr is None else found.llr[..., self._order],
        )


def matched_qam(num_bits_per_symbol: int, matcher: Any) -> Constellation:
    """Return QAM whose axes have the probabilities of a matcher.

    Parameters
    ----------
    num_bits_per_symbol
        4, 6 or 8.
    matcher
        As of :class:`ShapedCode`; each amplitude must come at all.
    """
    points = qam_points(num_bits_per_symbol)
    order = np.sort(pam_labels(num_bits_per_symbol)[0])
    p = np.ones(len(points))
    for axis in (points.real, points.imag):
        level = np.argmin(np.abs(np.abs(axis)[:, None] - order), axis=1)
        p *= matcher.probabilities[level]
    return Constellation.of(points, None, p / p.sum())
