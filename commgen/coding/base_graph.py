"""The two base graphs of NR LDPC codes, and which of them a block takes."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

#: Most of the effective rate that a receiver has to decode, TS 38.214 5.1.3.
MAX_CODERATE = 0.95

# Table 5.3.2-1: Z = a 2^j up to 384; the index of a selects the column of the shifts.
_LIFTING_FACTORS = (2, 3, 5, 7, 9, 11, 13, 15)
_MAX_LIFTING = 384
_SHAPES = {1: (46, 68), 2: (42, 52)}
MAX_CODE_BLOCK = {1: 8448, 2: 3840}  # K_cb of 5.2.2
MIN_BLOCK = 12  # as in Sionna; the least transport block of NR has 24 bits


@dataclass(frozen=True, eq=False)
class BaseGraph:
    """Non-zero entries of a base graph, TS 38.212 tables 5.3.2-2 and 5.3.2-3.

    Parameters
    ----------
    number
        1 or 2.
    rows, cols : [num_edges], int
        Where the entries stand, by rows.
    shifts : [num_edges, 8], int
        Their cyclic shifts V_ij for each set of lifting sizes.
    """

    number: int
    rows: np.ndarray
    cols: np.ndarray
    shifts: np.ndarray

    @property
    def num_rows(self) -> int:
        """Rows, 46 or 42."""
        return _SHAPES[self.number][0]

    @property
    def num_cols(self) -> int:
        """Columns, 68 or 52."""
        return _SHAPES[self.number][1]

    @property
    def num_info_cols(self) -> int:
        """Columns that hold information bits and fillers, 22 or 10."""
        return self.num_cols - self.num_rows


@lru_cache
def load_base_graph(number: int) -> BaseGraph:
    """Read base graph 1 or 2, TS 38.212 tables 5.3.2-2 and 5.3.2-3."""
    if number not in _SHAPES:
        raise ValueError(f"base_graph must be 1 or 2, got {number!r}.")
    path = Path(__file__).with_name(f"base_graph_{number}.csv")
    table = np.loadtxt(path, dtype=np.int32, delimiter=",", skiprows=1)
    rows, cols, shifts = (
        np.ascontiguousarray(part) for part in (table[:, 0], table[:, 1], table[:, 2:])
    )
    return BaseGraph(number, rows, cols, shifts)


def choose_base_graph(num_bits: int, coderate: float) -> int:
    """Return which base graph codes ``num_bits`` at ``coderate``, TS 38.212 7.2.2.

    Parameters
    ----------
    num_bits
        A, bits of the transport block without CRC.
    coderate
        R, the target of the modulation and coding scheme.
    """
    if num_bits <= 292 or (num_bits <= 3824 and coderate <= 0.67):
        return 2
    return 2 if coderate <= 0.25 else 1


def choose_lifting(k: int, base_graph: int, *, num_bits: int | None = None):
    """Return lifting size Z and the index of its set, TS 38.212 5.2.2.

    Parameters
    ----------
    k
        K', bits of a code block with its CRC.
    base_graph
        1 or 2.
    num_bits
        B, bits before segmentation; as ``k`` where there is one block.
    """
    num_bits = k if num_bits is None else num_bits
    if base_graph == 1:
        k_b = 22
    else:
        k_b = 10 if num_bits > 640 else 9 if num_bits > 560 else 8
        k_b = 6 if num_bits <= 192 else k_b
    sizes = [
        (a << j, i)
        for i, a in enumerate(_LIFTING_FACTORS)
        for j in range(8)
        if a << j <= _MAX_LIFTING
    ]
    return min((z, i) for z, i in sizes if k_b * z >= k)
