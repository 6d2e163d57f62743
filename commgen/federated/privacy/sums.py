"""Sums over channels that no single one can change much (Gaussian mechanism)."""

from typing import Any

import numpy as np

# Follow from the number of channels, which is told, and of noise, which is given.
_PUBLIC = ("count", "noise")


def private_sums(model: Any, h: np.ndarray, *, noise: float, rng) -> dict[str, Any]:
    r"""Return the sums that a family stands on, of bounded channels, with noise.

    A channel of more than unit mean power is scaled down to it. What it adds to all
    sums is one vector, whose norm is at most that power, the number of entries N, for
    sums of powers and covariances; what is longer is scaled down too. The noise has the
    standard deviation z N in each entry (Dwork and Roth, 2014, appendix A), z that of
    the argument.

    Parameters
    ----------
    model
        :class:`~commgen.generative.network.NetworkModel` without conditions.
    h : [n, *event_shape], complex
        Training channels.
    noise
        Multiplier z.
    rng
        NumPy generator of the noise.
    """
    bound = float(np.prod(model.event_shape))
    total: dict[str, Any] = {}
    for one in h:
        power = float(np.sum(np.abs(one) ** 2))
        one = one * np.float32(min(1.0, np.sqrt(bound / max(power, 1e-30))))
        sums = model._all_sums(one[None], None, {})
        private = {k: v for k, v in sums.items() if k not in _PUBLIC}
        squares = [np.sum(np.square(v, dtype=np.float64)) for v in private.values()]
        length = float(np.sqrt(np.sum(squares)))
        factor = min(1.0, bound / max(length, 1e-30))
        for name, value in sums.items():
            scale = factor if name in private else 1.0
            total[name] = total.get(name, 0.0) + scale * np.asarray(value, np.float64)
    kinds = model._all_sums(h[:1], None, {})
    return {
        name: np.asarray(
            value
            if name in _PUBLIC
            else value + noise * bound * rng.standard_normal(np.shape(value)),
            np.asarray(kinds[name]).dtype,
        )
        for name, value in total.items()
    }
