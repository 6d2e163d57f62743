"""Rate matching: which bits of a mother codeword are sent, and in which order."""

import numpy as np

from commgen._checks import check_int
from commgen.coding.code import LDPCCode
from commgen.coding.compiled import compiled

# Numerators of k_0 in table 5.4.2.1-2, in units of Z, for a buffer that is not limited.
_START = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}


def rate_matching_indices(
    code: LDPCCode, n: int, *, rv: int = 0, num_bits_per_symbol: int | None = None
) -> np.ndarray:
    r"""Positions in the mother codeword of the bits that are sent, in their order.

    Bit selection of TS 38.212 5.4.2.1, from the whole circular buffer (no limit
    :math:`N_\mathrm{ref}`), then the interleaver of 5.4.2.2. Past its end the buffer
    is read again from its beginning: repetition.

    Parameters
    ----------
    code : LDPCCode
        The code.
    n
        E, bits to send.
    rv
        Redundancy version, 0 to 3.
    num_bits_per_symbol
        Q_m of the interleaver, of which ``n`` is a multiple; None leaves it out.

    Returns
    -------
    [n], int32

    Raises
    ------
    ValueError
        If ``rv`` is not 0 to 3, or ``n`` not a multiple of ``num_bits_per_symbol``.

    Examples
    --------
    >>> code = LDPCCode.of(100, base_graph=2)
    >>> rate_matching_indices(code, 4, num_bits_per_symbol=2) - 2 * code.z
    array([0, 2, 1, 3], dtype=int32)
    """
    n = check_int("n", n, low=1)
    if rv not in (0, 1, 2, 3):
        raise ValueError(
            f"rv must be 0, 1, 2 or 3 (TS 38.212 table 5.4.2.1-2), got {rv!r}."
        )
    sent = code.sent_positions
    start = (2 + _START[code.graph.number][rv]) * code.z
    first = np.searchsorted(sent, start)
    chosen = sent[(first + np.arange(n)) % len(sent)]
    if num_bits_per_symbol is None:
        return chosen
    q = check_int("num_bits_per_symbol", num_bits_per_symbol, low=1)
    if n % q:
        raise ValueError(
            f"n must be a multiple of num_bits_per_symbol {q} (TS 38.212 5.4.2.2), "
            f"got {n}."
        )
    return np.ascontiguousarray(chosen.reshape(q, n // q).T).ravel()


@compiled
def accumulate(buffer, llr, indices):
    """Add LLRs where they belong: ``buffer[b, indices[j]] += llr[b, j]``.

    Infinite LLRs count as 1e4; NaN are not looked for.
    """
    high = np.float32(1e4)
    for b in range(buffer.shape[0]):
        for j in range(len(indices)):
            buffer[b, indices[j]] += min(max(llr[b, j], -high), high)
