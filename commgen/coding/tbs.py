"""Size of a transport block, TS 38.214 5.1.3.2 (and 6.1.4.2 for the uplink)."""

import math
from bisect import bisect_left
from fractions import Fraction
from numbers import Real

from commgen._checks import check_int

# Table 5.1.3.2-1: runs of equal steps, then what follows no rule.
_TABLE = (
    *range(24, 192, 8),
    *range(192, 384, 16),
    *range(384, 576, 24),
    *range(576, 768, 32),
    *range(768, 929, 40),
    *(984, 1032, 1064, 1128),
    *range(1160, 1353, 32),
    *range(1416, 1929, 64),
    *range(2024, 2281, 64),
    *range(2408, 2857, 64),
    *(2976, 3104, 3240, 3368, 3496, 3624, 3752, 3824),
)


def transport_block_size(
    num_re: int, num_bits_per_symbol: int, num_layers: int, coderate: float | Fraction
) -> int:
    """Return the number of information bits of a transport block.

    Steps 2 to 4 of TS 38.214 5.1.3.2 in exact arithmetic. Halves are rounded up, as
    the standard says of its "round".

    Parameters
    ----------
    num_re
        N_RE, resource elements for data: PRBs times min(156, N'_RE).
    num_bits_per_symbol
        Q_m, 1 to 10.
    num_layers
        Layers, 1 to 8.
    coderate
        R in (0, 1), the target of the modulation and coding scheme such as 193/1024.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    25 PRBs with 144 resource elements each, QPSK 193/1024:

    >>> transport_block_size(25 * 144, 2, 1, 193 / 1024)
    1352
    """
    num_re = check_int("num_re", num_re, low=1)
    q = check_int("num_bits_per_symbol", num_bits_per_symbol, low=1, high=10)
    num_layers = check_int("num_layers", num_layers, low=1, high=8)
    n_info = num_re * check_coderate(coderate) * q * num_layers
    if n_info <= 3824:
        step = 1 << max(3, _log2_floor(n_info) - 6)
        n_info = max(24, step * (n_info // step))
        return _TABLE[bisect_left(_TABLE, n_info)]
    step = 1 << (_log2_floor(n_info - 24) - 5)
    n_info = max(3840, step * math.floor((n_info - 24) / step + Fraction(1, 2)))
    if coderate <= 1 / 4:
        num_blocks = -(-(n_info + 24) // 3816)
    else:
        num_blocks = -(-(n_info + 24) // 8424) if n_info > 8424 else 1
    return 8 * num_blocks * -(-(n_info + 24) // (8 * num_blocks)) - 24


def check_coderate(coderate: float | Fraction) -> Fraction:
    """Return ``coderate`` exactly, or raise unless it is in (0, 1)."""
    if isinstance(coderate, bool) or not isinstance(coderate, Real):
        raise TypeError(f"coderate must be a number, got {coderate!r}.")
    number = float(coderate)
    if not 0 < number < 1:
        raise ValueError(
            f"coderate must be in (0, 1) (TS 38.214 5.1.3.1), got {number}."
        )
    return coderate if isinstance(coderate, Fraction) else Fraction(number)


def _log2_floor(x) -> int:
    return max(0, math.floor(x).bit_length() - 1)
