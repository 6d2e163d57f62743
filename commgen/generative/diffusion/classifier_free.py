"""Classifier-free guidance: one network with and without its condition."""

from typing import Any

import numpy as np

# Share of the training channels whose condition is hidden (Ho & Salimans, sec. 4.1).
_DROPPED = 0.1


def with_flag(
    condition: Any, rng: np.random.Generator | None = None, *, dropped: float = _DROPPED
) -> np.ndarray:
    """Append to standardised conditions a one that says they are known.

    Parameters
    ----------
    condition : [n, num_conditions], float
        Of zero mean and unit variance.
    rng
        Where it is given, ``dropped`` of the rows are hidden: made zero, flag and all.
    dropped
        Share of hidden rows.

    Returns
    -------
    [n, num_conditions + 1], float32
    """
    c = np.asarray(condition, np.float32)
    c = np.concatenate([c, np.ones((len(c), 1), np.float32)], axis=1)
    if rng is not None:
        c[rng.random(len(c)) < dropped] = 0
    return c


def guide(unconditional: Any, conditional: Any, guidance: float) -> Any:
    r"""Move an estimate on along what the condition changes.

    .. math:: \hat h = \hat h_\varnothing + w\,(\hat h_c - \hat h_\varnothing)

    Ho & Salimans, *Classifier-Free Diffusion Guidance* (arXiv:2207.12598), eq. (6),
    written for estimates of h with w one more than theirs.

    Parameters
    ----------
    unconditional, conditional
        Estimates without and with the condition.
    guidance
        w: 0 leaves the condition out, 1 takes it as it is, above 1 exaggerates it.
    """
    return unconditional + guidance * (conditional - unconditional)


def check_guidance(guidance: Any, num_conditions: int) -> float:
    """Return ``guidance`` as float, or raise unless it is finite and at least 0.

    Raises
    ------
    ValueError
        If it is out of range, or other than 1 for a model without conditions.
    """
    value = float(guidance)
    if not 0 <= value < np.inf:
        raise ValueError(f"guidance must be finite and at least 0, got {guidance}.")
    if value != 1 and num_conditions == 0:
        raise ValueError(
            f"this model is unconditional, guidance must be 1, got {value}."
        )
    return value
