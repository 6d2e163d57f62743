"""Transport block: CRC, segmentation, LDPC, rate matching, soft combining."""

from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.coding.code import LDPCCode
from commgen.coding.crc import append_crc, crc_passes
from commgen.coding.encoder import as_bits, encode_mother
from commgen.coding.layered import Algorithm, Decoded, LayeredDecoder, check_no_nan
from commgen.coding.rate_matching import accumulate, rate_matching_indices
from commgen.coding.retry import ErasureRetry
from commgen.coding.segmentation import Segmentation


class TransportBlock:
    """Codec of one transport block on a shared channel, TS 38.212 6.2 (7.2 alike).

    Without scrambling, which is the channel's (TS 38.211 6.3.1.1), and without limit
    on the buffer.

    Parameters
    ----------
    tbs
        A, information bits, as of :func:`~commgen.coding.transport_block_size`.
    num_coded_bits
        G, bits that a transmission has room for.
    num_bits_per_symbol
        Q_m, bits of a symbol.
    num_layers
        Layers.
    coderate
        R, target of the modulation and coding scheme; chooses the base graph.
    num_iterations, algorithm
        Of the decoder, as in :class:`~commgen.coding.layered.LayeredDecoder`.
    solve_erasures
        Whether bits that messages cannot begin with are found by elimination, so that
        all delivers that carries the information, redundancy version 2 alone for one.
        It needs received bits without errors, so it helps at high SNR only.

    Attributes
    ----------
    segmentation : Segmentation
        The code blocks.
    code : LDPCCode
        Their mother code.

    Raises
    ------
    ValueError
        If the arguments do not go together; the message names the clause.

    Examples
    --------
    >>> block = TransportBlock(1352, 7200, num_bits_per_symbol=2, coderate=193 / 1024)
    >>> bits = np.zeros((1, 1352), np.uint8)
    >>> buffer = block.new_buffer(1)
    >>> buffer = block.combine(buffer, 4.0 * block.encode(bits) - 2, rv=0)
    >>> bits_hat, accepted = block.decode(buffer)
    >>> bool(accepted[0])
    True
    """

    def __init__(
        self,
        tbs: int,
        num_coded_bits: int,
        *,
        num_bits_per_symbol: int,
        num_layers: int = 1,
        coderate: float,
        num_iterations: int = 20,
        algorithm: Algorithm = "offset-minsum",
        solve_erasures: bool = True,
    ):
        q = check_int("num_bits_per_symbol", num_bits_per_symbol, low=1)
        num_layers = check_int("num_layers", num_layers, low=1)
        self.segmentation = Segmentation.of(tbs, coderate)
        self.tbs = self.segmentation.tbs
        self._lengths = self.segmentation.output_lengths(num_coded_bits, q * num_layers)
        self.num_coded_bits = int(self._lengths.sum())
        self.num_bits_per_symbol = q
        self.code = LDPCCode.of(
            self.segmentation.k,
            self.segmentation.base_graph,
            num_bits=self.segmentation.num_bits,
        )
        self._decoder = LayeredDecoder(
            self.code, num_iterations=num_iterations, algorithm=algorithm
        )
        self._indices_of_rv: dict[int, np.ndarray] = {}
        self._retry = ErasureRetry(self.code, self._decoder) if solve_erasures else None

    @property
    def num_code_blocks(self) -> int:
        """C, code blocks."""
        return self.segmentation.num_blocks

    def encode(self, bits, rv: int = 0) -> np.ndarray:
        """Encode transport blocks.

        Parameters
        ----------
        bits : [batch, tbs], bool, int or float
            Zeros and ones.
        rv
            Redundancy version, 0 to 3.

        Returns
        -------
        [batch, num_coded_bits], uint8
        """
        cut = self.segmentation
        bits = as_bits("bits", bits, self.tbs)
        if bits.ndim != 2:
            raise ValueError(f"bits must be [batch, {self.tbs}], got {bits.shape}.")
        indices = self._indices(rv)
        size = cut.num_bits // cut.num_blocks
        blocks = append_crc(bits, cut.crc).reshape(len(bits), cut.num_blocks, size)
        if cut.num_blocks > 1:
            blocks = append_crc(blocks, "CRC24B")
        mother = encode_mother(self.code, blocks.reshape(-1, cut.k))
        mother = mother.reshape(len(bits), cut.num_blocks * self.code.n_mother)
        return np.take(mother, indices, axis=1)

    def new_buffer(self, batch_size: int) -> np.ndarray:
        """Return empty soft buffers, [batch_size, num_code_blocks, n_mother], float32.

        They hold an LLR for each bit of the mother codewords, in Sionna's sense
        log p(1) / p(0).
        """
        batch_size = check_int("batch_size", batch_size, low=1)
        shape = (batch_size, self.num_code_blocks, self.code.n_mother)
        return np.zeros(shape, np.float32)

    def combine(self, buffer: np.ndarray, llr, rv: int = 0) -> np.ndarray:
        """Add what a transmission says to the soft buffers, in place.

        Parameters
        ----------
        buffer : [batch, num_code_blocks, n_mother], float32
            As of :meth:`new_buffer`.
        llr : [batch, num_coded_bits], float
            Of the coded bits, log p(1) / p(0). Infinite ones count as 1e4.
        rv
            Redundancy version that was sent.

        Returns
        -------
        ``buffer``

        Raises
        ------
        ValueError
            If a shape is wrong or an LLR is NaN; the buffer is then as before.
        """
        self._check_buffer(buffer)
        llr = self._checked_llr(llr, len(buffer))
        indices = self._indices(rv)
        size = self.num_code_blocks * self.code.n_mother
        accumulate(buffer.reshape(len(buffer), size), llr, indices)
        return buffer

    def decode(self, buffer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Decode soft buffers.

        Parameters
        ----------
        buffer : [batch, num_code_blocks, n_mother], float32
            As :meth:`combine` left it; it is not changed.

        Returns
        -------
        bits_hat : [batch, tbs], uint8
            Decisions.
        accepted : [batch], bool
            Whether the block counts as received: its CRC passes, the checks of each
            code block hold, and something is known of each information bit. The CRC
            alone would accept the zeros that are decided where nothing was received.
        """
        return self._decode(buffer, soft=False)[:2]

    def decode_soft(self, buffer: np.ndarray) -> tuple[np.ndarray, ...]:
        """Decode soft buffers, and return what is then known of every coded bit.

        Parameters
        ----------
        buffer
            As in :meth:`decode`.

        Returns
        -------
        bits_hat, accepted
            As of :meth:`decode`.
        llr : [batch, num_code_blocks, n_mother], float32
            log p(1) / p(0) of the bits of the mother codewords, what the buffer held
            included; :meth:`coded` tells which of them a transmission sends.
        """
        bits, accepted, llr = self._decode(buffer, soft=True)
        return bits, accepted, llr.reshape(buffer.shape)

    def coded(self, buffer: np.ndarray, rv: int = 0) -> np.ndarray:
        """Return the entries of ``buffer`` that a transmission sends, in its order.

        Parameters
        ----------
        buffer : [batch, num_code_blocks, n_mother], float32
            Soft buffers, or what :meth:`decode_soft` made of them.
        rv
            Redundancy version.

        Returns
        -------
        [batch, num_coded_bits], float32
        """
        self._check_buffer(buffer)
        return np.take(buffer.reshape(len(buffer), -1), self._indices(rv), axis=1)

    def decode_once(self, llr, rv: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Decode a transmission that is all there is: no soft buffer, no elimination.

        The numbers of :meth:`combine` and :meth:`decode` without ``solve_erasures``,
        in less time, for what is not sent takes no part.

        Parameters
        ----------
        llr, rv
            As of :meth:`combine`; what is returned is that of :meth:`decode`.
        """
        llr = self._checked_llr(llr, len(llr))
        block, place = np.divmod(self._indices(rv), np.int32(self.code.n_mother))
        last = int(place.max()) // self.code.z
        size = self.code.z * (max(last, self.code.graph.num_info_cols + 3) + 1)
        flat = np.zeros((len(llr), self.num_code_blocks * size), np.float32)
        accumulate(flat, llr, place + np.int32(size) * block)
        found = self._decoder.decode(flat.reshape(-1, size))
        return self._joined(found, len(llr))

    def _decode(self, buffer, *, soft) -> tuple[np.ndarray, np.ndarray, Any]:
        self._check_buffer(buffer)
        flat = buffer.reshape(-1, self.code.n_mother)
        found = self._decoder.decode(flat, soft=soft)
        if self._retry is not None:
            self._retry(flat, found)
        return *self._joined(found, len(buffer)), found.llr

    def _joined(self, found: Decoded, num: int) -> tuple[np.ndarray, np.ndarray]:
        """Put code blocks together, and say which transport blocks are accepted."""
        cut = self.segmentation
        # Without the CRC24B that blocks of several have at their end.
        blocks = found.bits[:, : cut.num_bits // cut.num_blocks]
        block = blocks.reshape(num, cut.num_bits)
        bits = np.ascontiguousarray(block[:, : self.tbs])
        parity_ok = found.parity_ok.reshape(num, cut.num_blocks).all(axis=1)
        return bits, crc_passes(block, cut.crc) & parity_ok

    def _indices(self, rv) -> np.ndarray:
        """Where each coded bit stands in the buffers of all code blocks."""
        if rv not in self._indices_of_rv:
            self._indices_of_rv[rv] = self._new_indices(rv)
        return self._indices_of_rv[rv]

    def _new_indices(self, rv) -> np.ndarray:
        parts = [
            rate_matching_indices(
                self.code, int(n), rv=rv, num_bits_per_symbol=self.num_bits_per_symbol
            )
            + np.int32(r * self.code.n_mother)
            for r, n in enumerate(self._lengths)
        ]
        return np.concatenate(parts)

    def _checked_llr(self, llr, num: int) -> np.ndarray:
        llr = np.ascontiguousarray(llr, np.float32)
        if llr.shape != (num, self.num_coded_bits):
            raise ValueError(
                f"llr must be [{num}, {self.num_coded_bits}], one row for each of the "
                f"buffer, got {llr.shape}."
            )
        check_no_nan(llr)
        return llr

    def _check_buffer(self, buffer):
        shape = (self.num_code_blocks, self.code.n_mother)
        if (
            not isinstance(buffer, np.ndarray)
            or buffer.dtype != np.float32
            or buffer.ndim != 3
            or buffer.shape[1:] != shape
            or not buffer.flags.c_contiguous
        ):
            raise ValueError(
                f"buffer must be float32 [batch, {shape[0]}, {shape[1]}] as of "
                f"new_buffer, got {getattr(buffer, 'dtype', type(buffer))} "
                f"{np.shape(buffer)}."
            )
