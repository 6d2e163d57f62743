"""One call for posteriors of angles, delays or Doppler shifts, by grid or by chains."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.inference.parameters.axis import (
    UNITS,
    Axis,
    angle_axis,
    check_snapshots,
    delay_axis,
    doppler_axis,
)
from commgen.inference.parameters.grid import grid_posterior
from commgen.inference.parameters.marginal import check_level, ellipse
from commgen.inference.parameters.model import SignalModel
from commgen.inference.parameters.noise import noise_posterior
from commgen.inference.parameters.sampling import KERNELS, sample_posterior

_NOISE_DRAWS = 200


@dataclass(frozen=True, eq=False)
class ParameterPosterior:
    """What is known of the parameters of n observations, ascending over paths.

    Parameters
    ----------
    kind, unit
        ``"angle"`` in deg, ``"delay"`` in s, ``"doppler"`` in Hz.
    level
        Probability of the intervals, which are equal-tailed.
    mean, low, high : [n, num_paths], float
        Posterior means, and ends of the intervals.
    covariance : [n, num_paths, num_paths], float
    no : [n, 3], float
        Posterior mean of the noise variance, and the ends of its interval; all alike
        where it was known.
    r_hat, ess : [n, num_paths], float, or None
        Diagnostics of the chains.
    """

    kind: str
    unit: str
    level: float
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    covariance: np.ndarray
    no: np.ndarray
    r_hat: np.ndarray | None = None
    ess: np.ndarray | None = None

    def ellipse(self, row: int, paths: tuple[int, int] = (0, 1), *, num_points=181):
        """Return the confidence ellipse of two paths, [num_points, 2].

        Of the normal distribution with the posterior's mean and covariance, at the
        level of the intervals.

        Raises
        ------
        ValueError
            If there is no such pair of paths.
        """
        num_paths = self.mean.shape[1]
        if len(set(paths)) != 2 or not all(0 <= p < num_paths for p in paths):
            raise ValueError(
                f"paths must be two different ones of {num_paths}, got {paths}."
            )
        pair = list(paths)
        covariance = self.covariance[row][np.ix_(pair, pair)]
        return ellipse(self.mean[row, pair], covariance, self.level, num_points)

    def rows(self) -> list[dict[str, Any]]:
        """Return one dictionary for each path of each observation, ready for CSV."""
        std = np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))
        return [
            {
                "observation": i,
                "path": p,
                "kind": self.kind,
                "unit": self.unit,
                "mean": float(self.mean[i, p]),
                "std": float(std[i, p]),
                "low": float(self.low[i, p]),
                "high": float(self.high[i, p]),
                "level": self.level,
                "no": float(self.no[i, 0]),
                "no_low": float(self.no[i, 1]),
                "no_high": float(self.no[i, 2]),
            }
            for i, p in np.ndindex(*self.mean.shape)
        ]


def infer_parameters(
    y,
    kind: str = "angle",
    num_paths: int = 1,
    *,
    power: float | None = None,
    no: float | None = None,
    level: float = 0.9,
    method: str = "auto",
    spacing: float = 0.5,
    limits_deg: tuple[float, float] = (-60.0, 60.0),
    subcarrier_spacing_hz: float | None = None,
    max_delay_s: float | None = None,
    time_step_s: float | None = None,
    max_doppler_hz: float | None = None,
    seed: int = 0,
) -> ParameterPosterior:
    """Infer angles, delays or Doppler shifts of ``num_paths`` paths, with intervals.

    Parameters
    ----------
    y : [n, num_snapshots, num_positions], complex
        Observations; positions are antennas, subcarriers (ascending) or instants.
    kind
        ``"angle"``, ``"delay"`` or ``"doppler"``.
    num_paths
        Paths in each observation.
    power, no
        Power of a path's gain, and noise variance; None where they are unknown.
    level
        Of the intervals.
    method
        ``"grid"`` (one or two paths), ``"hmc"``, ``"nuts"`` or ``"mala"``; ``"auto"``
        takes the grid where it can and NUTS else.
    spacing, limits_deg
        For angles: antenna spacing in wavelengths, and ends of the prior.
    subcarrier_spacing_hz, max_delay_s
        For delays; the prior is uniform from 0 to ``max_delay_s``, by default half of
        the period.
    time_step_s, max_doppler_hz
        For Doppler shifts; the largest one by default is half of the sampling rate.
    seed
        Of the chains.

    Returns
    -------
    ParameterPosterior

    Raises
    ------
    ImportError
        If chains are asked for and TensorFlow Probability is not installed.
    TypeError, ValueError
        If an argument is out of range or missing for this kind.

    Examples
    --------
    >>> import numpy as np
    >>> wave = np.exp(1j * np.pi * np.arange(8) * np.sin(np.deg2rad(20)))
    >>> rng = np.random.default_rng(0)
    >>> y = wave + 0.1 * rng.normal(size=(1, 4, 8, 2)).view(complex)[..., 0]
    >>> posterior = infer_parameters(y, "angle")
    >>> bool(posterior.low[0, 0] < 20 < posterior.high[0, 0])
    True
    """
    level = check_level(level)
    y = np.asarray(y)
    if y.ndim != 3:
        raise ValueError(f"y must be [n, num_snapshots, num_positions], got {y.shape}.")
    num = y.shape[-1]
    axis = _axis(
        kind,
        num,
        (spacing, limits_deg),
        (subcarrier_spacing_hz, max_delay_s),
        (time_step_s, max_doppler_hz),
    )
    y = check_snapshots(y, axis)
    check_int("num_paths", num_paths, low=1, high=num - 1)
    method = _method(method, num_paths)
    model = SignalModel(power, no, snr_step_db=2.0 if num_paths == 1 else 3.0)
    if method == "grid":
        return _by_grid(y, axis, model, num_paths, level, seed)
    chains = sample_posterior(
        y, axis, model, num_paths=num_paths, kernel=method, seed=seed
    )
    return _by_chains(y, axis, model, chains, level)


def _by_grid(y, axis, model, num_paths, level, seed):
    grid = grid_posterior(y, axis, model, num_paths=num_paths)
    ends = [marginal.interval(level) for marginal in grid.marginals]
    low, high = np.stack([e[0] for e in ends], 1), np.stack([e[1] for e in ends], 1)
    rng = np.random.default_rng(seed)
    p = rng.permuted(np.tile(np.arange(_NOISE_DRAWS) + 0.5, (num_paths, 1)), axis=1)
    draws = np.stack(
        [
            np.stack([m.quantile(q) for q in row / _NOISE_DRAWS], axis=1)
            for m, row in zip(grid.marginals, p, strict=True)
        ],
        axis=-1,
    )
    found = (grid.mean, low, high, grid.covariance)
    noise = noise_posterior(y, axis, model, draws, level)
    return ParameterPosterior(axis.kind, axis.unit, level, *found, noise)


def _by_chains(y, axis, model, chains, level):
    tail = (1 - level) / 2
    low, high = np.quantile(chains.flat, [tail, 1 - tail], axis=1)
    step = max(1, chains.flat.shape[1] // _NOISE_DRAWS)
    return ParameterPosterior(
        axis.kind,
        axis.unit,
        level,
        chains.mean(),
        low,
        high,
        chains.covariance(),
        noise_posterior(y, axis, model, chains.flat[:, ::step], level),
        chains.r_hat,
        chains.ess,
    )


def _method(method, num_paths):
    known = ("auto", "grid", *KERNELS)
    if method not in known:
        raise ValueError(f"method must be of {known}, got {method!r}.")
    if method == "auto":
        return "grid" if num_paths <= 2 else "nuts"
    if method == "grid" and num_paths > 2:
        raise ValueError(
            f"num_paths must be at most 2 for method 'grid', got {num_paths}."
        )
    return method


def _axis(kind, num, angle, delay, doppler) -> Axis:
    """Make the axis of ``kind`` for ``num`` uniform positions."""
    if kind == "angle":
        spacing, (low_deg, high_deg) = angle
        return angle_axis(num, spacing=spacing, low_deg=low_deg, high_deg=high_deg)
    if kind == "delay":
        step, limit = delay
        if step is None:
            raise ValueError(
                "subcarrier_spacing_hz must be given for kind 'delay', got None."
            )
        check_positive("subcarrier_spacing_hz", step)
        limit = 0.5 / step if limit is None else check_positive("max_delay_s", limit)
        return delay_axis(step * np.arange(num), max_delay_s=limit)
    if kind == "doppler":
        step, limit = doppler
        if step is None:
            raise ValueError("time_step_s must be given for kind 'doppler', got None.")
        check_positive("time_step_s", step)
        limit = 0.5 / step if limit is None else limit
        return doppler_axis(step * np.arange(num), max_doppler_hz=limit)
    raise ValueError(f"kind must be of {tuple(UNITS)}, got {kind!r}.")
