"""One NR LDPC code: a base graph, lifted."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from commgen._checks import check_int
from commgen.coding.base_graph import (
    MAX_CODE_BLOCK,
    MIN_BLOCK,
    BaseGraph,
    choose_lifting,
    load_base_graph,
)


@dataclass(frozen=True, eq=False)
class LDPCCode:
    """Lifted base graph of TS 38.212 5.3.2 for code blocks of ``k`` bits.

    A mother codeword has ``num_cols * z`` bits: ``k`` of information, ``num_fillers``
    zeros, then the parity bits. Rows are checks; bit ``i`` of row ``r`` takes part in
    bit ``(i + shift) % z`` of each column that has an entry in ``r``.

    Parameters
    ----------
    k
        K', bits of a block with its CRC.
    z
        Lifting size Z_c.
    graph : BaseGraph
        Base graph.
    row_starts : [num_rows + 1], int32
        Where the entries of each row begin in ``cols`` and ``shifts``.
    cols, shifts : [num_edges], int32
        Columns of the entries and their shifts, below ``z``.
    """

    k: int
    z: int
    graph: BaseGraph
    row_starts: np.ndarray
    cols: np.ndarray
    shifts: np.ndarray

    @classmethod
    def of(cls, k: int, base_graph: int, *, num_bits: int | None = None) -> "LDPCCode":
        """Lift a base graph to blocks of ``k`` bits.

        Parameters
        ----------
        k, base_graph, num_bits
            As in :func:`~commgen.coding.base_graph.choose_lifting`.

        Raises
        ------
        ValueError
            If ``k`` is not in 12..8448 (base graph 1) or 12..3840 (base graph 2).
        """
        graph = load_base_graph(base_graph)
        high = MAX_CODE_BLOCK[base_graph]
        k = check_int("k", k, low=1)
        if not MIN_BLOCK <= k <= high:
            raise ValueError(
                f"k must be in {MIN_BLOCK}..{high} for base graph {base_graph} "
                f"(TS 38.212 5.2.2), got {k}."
            )
        z, set_index = choose_lifting(k, base_graph, num_bits=num_bits)
        row_starts = np.searchsorted(graph.rows, np.arange(graph.num_rows + 1))
        shifts = graph.shifts[:, set_index] % z
        return cls(k, z, graph, row_starts.astype(np.int32), graph.cols, shifts)

    @property
    def num_info(self) -> int:
        """K, information bits and fillers."""
        return self.graph.num_info_cols * self.z

    @property
    def num_fillers(self) -> int:
        """Zeros between information and parity, which are not sent."""
        return self.num_info - self.k

    @property
    def n_mother(self) -> int:
        """Bits of a mother codeword, punctured ones and fillers included."""
        return self.graph.num_cols * self.z

    @cached_property
    def sent_positions(self) -> np.ndarray:
        """The circular buffer without its fillers: positions in a mother codeword.

        The first 2 Z bits are never sent (5.3.2); fillers are skipped (5.4.2.1).
        """
        places = np.arange(2 * self.z, self.n_mother, dtype=np.int32)
        return places[(places < self.k) | (places >= self.num_info)]
