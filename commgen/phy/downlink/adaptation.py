"""Which scheme each user's block takes, and what that hangs on."""

import numpy as np


def believed_mcs(
    sinr: np.ndarray,
    thresholds_db: np.ndarray,
    *,
    target_bler: float = 0.1,
    offset_db: float = 0.0,
) -> np.ndarray:
    """Choose the highest scheme that fails in few enough of the draws.

    Parameters
    ----------
    sinr : [num_draws, ..., num_users], float
        What the base station expects of its weights: SINR in draws of what the channels
        may be; one draw where they are known.
    thresholds_db : [num_schemes], float
        SNR that each scheme needs, ascending.
    target_bler
        Largest share of the draws below the threshold.
    offset_db
        Added to what each scheme needs: the state of an outer loop.

    Returns
    -------
    [..., num_users], int
        -1 where even the lowest scheme would fail too often.

    Raises
    ------
    ValueError
        If the share is not in (0, 1).

    Examples
    --------
    Of ten draws one may fail:

    >>> sinr = 10 ** (np.arange(1.0, 11.0)[:, None] / 10)  # 1 to 10 dB
    >>> believed_mcs(sinr, np.array([-5.0, 1.5, 2.5])).tolist()
    [1]
    """
    if not 0 < target_bler < 1:
        raise ValueError(f"target_bler must be in (0, 1), got {target_bler}.")
    ordered = np.sort(np.asarray(sinr, np.float64), axis=0)
    # So many may fail; the one above them is the weakest that must not.
    spared = min(int(target_bler * len(ordered) + 1e-9), len(ordered) - 1)
    return highest_mcs(ordered[spared], thresholds_db, offset_db=offset_db)


def highest_mcs(
    sinr: np.ndarray, thresholds_db: np.ndarray, *, offset_db: float = 0.0
) -> np.ndarray:
    """Return the highest scheme that an SINR carries, -1 where there is none.

    Parameters
    ----------
    sinr : [...], float
        Linear.
    thresholds_db, offset_db
        As of :func:`believed_mcs`.
    """
    with np.errstate(divide="ignore"):
        sinr_db = 10 * np.log10(np.asarray(sinr, np.float64))
    needed = np.asarray(thresholds_db) + offset_db
    return np.searchsorted(needed, sinr_db, side="right") - 1


def mean_sinr(sinr: np.ndarray) -> np.ndarray:
    """SINR of one stream that carries the mean rate of several, over the last axis.

    Capacity is what is averaged: log2(1 + SINR), which is exact for one stream.
    """
    return np.expm1(np.mean(np.log1p(sinr), axis=-1))
