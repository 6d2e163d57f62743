"""Layered decoder of mother codewords."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from commgen._checks import check_int
from commgen.coding.code import LDPCCode
from commgen.coding.kernels import STEPS, decode_frames

MAX_LLR = np.float32(64)  # where the kernels cut off
Algorithm = Literal["offset-minsum", "normalised-minsum", "minsum"]
# Scale and offset of the messages, both in sixteenths. Of the scales 10..16 and offsets
# 0..10, and some pairs of both, these had the lowest FER at (1024, 2048), (500, 2500),
# (200, 400) and (3000, 4000), at noise that benchmarks/ldpc.py does not use.
_RULES: dict[str, tuple[int, int]] = {
    "offset-minsum": (STEPS, STEPS // 2),
    "normalised-minsum": (3 * STEPS // 4, 0),
    "minsum": (STEPS, 0),
}


@dataclass(frozen=True, eq=False)
class Decoded:
    """What a decoder made of its frames.

    Parameters
    ----------
    bits : [..., k], uint8
        Decisions.
    num_iterations : [...], int32
        Iterations made.
    parity_ok : [...], bool
        Whether something is known of each information bit, and the decisions fulfil all
        checks but those whose own parity bits were not received.
    llr : [..., n], float32, or None
        log p(1) / p(0) of the coded bits after the last iteration, what the decoder was
        given included; None unless it was asked for. Of a min-sum decoder: too sure.
    """

    bits: np.ndarray
    num_iterations: np.ndarray
    parity_ok: np.ndarray
    llr: Any = None


class LayeredDecoder:
    r"""Layered min-sum decoding of mother codewords.

    Row by row of the base graph, the check sends to each of its bits

    .. math:: m_j = \prod_{i \ne j} \operatorname{sign}(t_i)
              \cdot \max\bigl(0, \alpha \min_{i \ne j} |t_i| - \beta\bigr)

    where :math:`t_i` is what bit :math:`i` has heard from all others (Hocevar, SiPS
    2004, for the schedule; Chen et al., IEEE Trans. Commun. 53 (2005) 1288, for scale
    and offset). Arithmetic is in integers of 16 bits, 1/16 a step: the same everywhere,
    whatever else is in the batch.

    Parameters
    ----------
    code : LDPCCode
        The code.
    num_iterations
        At most, at least 1.
    algorithm
        ``"offset-minsum"`` (:math:`\alpha = 1, \beta = 1/2`), ``"normalised-minsum"``
        (3/4, 0), which does not ask for LLRs of the right scale, or ``"minsum"``
        (1, 0).
    early_stop
        End a frame as soon as its bits are known and its checks hold.
    """

    def __init__(
        self,
        code: LDPCCode,
        *,
        num_iterations: int = 20,
        algorithm: Algorithm = "offset-minsum",
        early_stop: bool = True,
    ):
        if algorithm not in _RULES:
            raise ValueError(
                f"algorithm must be one of {', '.join(_RULES)}, got {algorithm!r}."
            )
        if not isinstance(early_stop, bool):
            raise TypeError(f"early_stop must be True or False, got {early_stop!r}.")
        self.code = code
        self.num_iterations = check_int("num_iterations", num_iterations, low=1)
        self.algorithm = algorithm
        self.early_stop = early_stop
        self._tables = (code.k, code.num_info, code.z, *_without_fillers(code))

    def decode(self, llr, *, soft: bool = False) -> Decoded:
        """Decode mother codewords.

        Parameters
        ----------
        llr : [num, num_cols * z], float
            log p(1) / p(0) of their bits, zero where nothing was received. Columns at
            the end of which nothing was received may be left out. Magnitudes above 64
            count as 64. Fillers are known to be zeros, whatever stands there.
        soft
            Return the LLRs of the mother codewords too, of the columns given.

        Returns
        -------
        Decoded

        Raises
        ------
        ValueError
            If the shape is another, or an LLR is NaN.
        """
        llr = np.ascontiguousarray(llr, np.float32)
        code, graph = self.code, self.code.graph
        low, high = graph.num_info_cols + 4, graph.num_cols
        if llr.ndim != 2 or llr.shape[1] not in range(
            low * code.z, high * code.z + 1, code.z
        ):
            raise ValueError(
                f"llr must be [num, num_cols * {code.z}] with num_cols in "
                f"{low}..{high}, got {llr.shape}."
            )
        check_no_nan(llr)
        bits = np.empty((len(llr), code.k), np.uint8)
        num_iterations = np.empty(len(llr), np.int32)
        parity_ok = np.empty(len(llr), np.bool_)
        posterior = np.empty((len(llr) if soft else 0, llr.shape[1]), np.float32)
        decode_frames(
            llr,
            self._tables,
            self.num_iterations,
            _RULES[self.algorithm],
            self.early_stop,
            bits,
            num_iterations,
            parity_ok,
            posterior,
        )
        return Decoded(bits, num_iterations, parity_ok, posterior if soft else None)


def extrinsic_llr(posterior, llr) -> np.ndarray:
    """Return what a decoder found out beyond what it was told of each bit.

    Parameters
    ----------
    posterior : [..., n], float
        :attr:`Decoded.llr`.
    llr : [..., n], float
        What it was given; magnitudes above 64 count as 64, as for the decoder. Of a bit
        that was sent twice, what the other copy says belongs to the new.

    Returns
    -------
    [..., n], float32
    """
    return np.asarray(posterior, np.float32) - np.clip(llr, -MAX_LLR, MAX_LLR)


def check_no_nan(llr: np.ndarray) -> None:
    """Raise if an LLR is NaN: it would be taken for some number."""
    if np.isnan(llr.min(initial=0)):
        raise ValueError(
            f"llr must not be NaN, got {int(np.isnan(llr).sum())} of them."
        )


def _without_fillers(code: LDPCCode) -> tuple[np.ndarray, ...]:
    """Row starts, columns and shifts of the columns that are not fillers throughout."""
    first, last = -(-code.k // code.z), code.graph.num_info_cols
    kept = (code.cols < first) | (code.cols >= last)
    row_starts = np.concatenate([[0], np.cumsum(kept)])[code.row_starts]
    return tuple(
        np.ascontiguousarray(a, np.int64)
        for a in (row_starts, code.cols[kept], code.shifts[kept])
    )
