"""How codewords fill a slot."""

import math
from dataclasses import dataclass

from commgen.coding.base_graph import MAX_CODERATE as MOST_DECODED

MIN_CODERATE = 30 / 1024  # the least of TS 38.214 5.1.3.1; repetition under 1/5


MAX_CODERATE = 948 / 1024  # 3GPP TS 38.212 5.4.2.1


_MIN_K = 12


#: Most information bits of a codeword, 3GPP TS 38.212 5.2.2.
MAX_K = 8448


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
            If ``coderate`` is outside 30/1024..948/1024, or less than 12 information
            bits fit.
        """
        if not MIN_CODERATE <= coderate <= MAX_CODERATE:
            raise ValueError(
                f"coderate must be in {MIN_CODERATE:.4f}..{MAX_CODERATE:.4f}, the "
                f"range of the LDPC code, got {coderate}."
            )
        max_k = MAX_K if coderate >= 1 / 3 else _MAX_K_BASE_GRAPH_2
        num_bits = num_data_symbols * num_bits_per_symbol
        num_codewords = max(1, math.ceil(num_bits * coderate / max_k))
        n = num_data_symbols // num_codewords * num_bits_per_symbol
        # At the lowest rate rounding down would fall below it.
        k = min(math.ceil(n * coderate - 1e-9), max_k, int(n * MOST_DECODED))
        if k < _MIN_K:
            raise ValueError(
                f"The slot must hold at least {_MIN_K} information bits a stream, "
                f"got {k} ({num_data_symbols} data symbols of {num_bits_per_symbol} "
                f"bits at coderate {coderate})."
            )
        return cls(num_codewords, k, n, num_bits - num_codewords * n)
