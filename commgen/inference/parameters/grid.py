"""Exact posterior of one or two paths, by quadrature on nodes that follow its modes."""

from dataclasses import dataclass

import numpy as np

from commgen._checks import check_int
from commgen.inference.parameters.axis import Axis, check_snapshots
from commgen.inference.parameters.beams import find_peaks
from commgen.inference.parameters.bounds import deterministic_crb
from commgen.inference.parameters.classical import maximum_likelihood
from commgen.inference.parameters.marginal import Marginal, trapezoid_weights
from commgen.inference.parameters.model import SignalModel, one_path, two_paths

_NUM_PEAKS = 6
_CHUNK = 256
# Nodes around a mode, in its standard deviations: even where the mass is, then apart.
_EVEN = np.linspace(-6.4, 6.4, 65)
_NUM_FAR = 12
# Hypotheses of the gains below this fraction of the best are left out of two paths.
_LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class GridPosterior:
    """Posterior of ``num_paths`` values in ascending order, in each of n rows.

    Parameters
    ----------
    marginals
        One :class:`Marginal` over the rows for each path.
    mean : [n, num_paths], float
        Posterior means in the unit of the axis.
    covariance : [n, num_paths, num_paths], float
    """

    marginals: tuple[Marginal, ...]
    mean: np.ndarray
    covariance: np.ndarray


def grid_posterior(
    y, axis: Axis, model: SignalModel | None = None, *, num_paths: int = 1
) -> GridPosterior:
    """Compute the posterior under a prior that is uniform in the value.

    One path: the likelihood depends on x through the beam power alone. Its maxima are
    found and refined, nodes are laid around each in steps of a fifth of its standard
    deviation, and evenly over the prior with 16 to a resolution cell: the posterior is
    resolved at any SNR. Two paths: the product of such nodes around the best pairs.

    Parameters
    ----------
    y : [n, num_snapshots, num_positions], complex
        Observations, any scale.
    axis
        Of the parameter, with its prior.
    model
        What is known of gains and noise; nothing where None.
    num_paths
        1 or 2.

    Returns
    -------
    GridPosterior

    Raises
    ------
    TypeError, ValueError
        If y is not finite or of another shape, or num_paths is not 1 or 2.
    """
    y = check_snapshots(y, axis)
    model = SignalModel() if model is None else model
    if check_int("num_paths", num_paths, low=1, high=2) == 1:
        return _one_path_posterior(y, axis, model)
    return _two_path_posterior(y, axis, model)


def _one_path_posterior(y, axis, model):
    nodes, logs = [], []
    for i in range(0, len(y), _CHUNK):
        rows = y[i : i + _CHUNK]
        x = one_path_nodes(rows, axis, model)
        nodes.append(axis.to_value(x))
        logs.append(log_likelihood(rows, axis, model, x))
    marginal = Marginal.of_logs(np.concatenate(nodes), np.concatenate(logs))
    covariance = marginal.std()[:, None, None] ** 2
    return GridPosterior((marginal,), marginal.mean()[:, None], covariance)


def log_likelihood(y, axis: Axis, model: SignalModel, x) -> np.ndarray:
    """Return the log-likelihood of one path at x : [n, num_x], up to a constant."""
    energy = np.sum(np.abs(y) ** 2, axis=(1, 2))[:, None]
    z = np.matmul(y, np.swapaxes(axis.exponentials(x).conj(), 1, 2))
    beam = np.sum(np.abs(z) ** 2, axis=1) / axis.num_positions
    return one_path(beam, energy, y.shape[1:], model)[0]


def one_path_nodes(y, axis: Axis, model: SignalModel) -> np.ndarray:
    """Return ascending x that resolve the posterior of each row, [n, num_nodes]."""
    coarse = axis.coarse_x()
    peaks = find_peaks(y, axis, _NUM_PEAKS, coarse=coarse)
    energy = np.sum(np.abs(y) ** 2, axis=(1, 2))[:, None]
    _, slope = one_path(peaks.beam, energy, y.shape[1:], model)
    step = coarse[1] - coarse[0]
    with np.errstate(divide="ignore"):
        sigma = 1 / np.sqrt(np.maximum(-slope * peaks.curvature, 0))
    sigma = np.minimum(sigma, 4 * step)
    offsets = _offsets(sigma, step)
    near = (peaks.x[..., None] + offsets).reshape(len(y), -1)
    nodes = np.concatenate([np.tile(coarse, (len(y), 1)), near], axis=1)
    return np.sort(np.clip(nodes, coarse[0], coarse[-1]), axis=1)


def _offsets(sigma, step):
    """Distances from a mode to its nodes, [..., num_near]."""
    sigma = np.asarray(sigma)[..., None]
    start, end = 1.05 * _EVEN[-1] * sigma, np.maximum(7 * sigma, 2 * step)
    far = start * (end / start) ** np.linspace(0, 1, _NUM_FAR)
    return np.concatenate([-far[..., ::-1], _EVEN * sigma, far], axis=-1)


def _two_path_posterior(y, axis, model):
    rows = []
    for row in y:
        x = _pair_nodes(row, axis)
        value = axis.to_value(x)
        mass = _pair_mass(_pair_log_likelihood(row, axis, model, x), value)
        rows.append((value, *_marginal_densities(mass, value), *_moments(mass, value)))
    length = max(len(row[0]) for row in rows)
    marginals = []
    for p in (1, 2):
        pad = [length - len(row[0]) for row in rows]
        nodes = [
            np.pad(r[0], (0, k), mode="edge") for r, k in zip(rows, pad, strict=True)
        ]
        density = [np.pad(r[p], (0, k)) for r, k in zip(rows, pad, strict=True)]
        marginals.append(Marginal(np.stack(nodes), np.stack(density)))
    mean, covariance = (np.stack([row[i] for row in rows]) for i in (3, 4))
    return GridPosterior(tuple(marginals), mean, covariance)


def _pair_log_likelihood(y, axis, model, x):
    """Return the log-likelihood of two paths at all pairs of x, [num_x, num_x].

    Hypotheses of the gains that are negligible on a thinner grid are left out.
    """
    a = axis.exponentials(x).conj()
    z = y @ a.T
    q = np.sum(np.abs(z) ** 2, axis=0)
    energy = np.sum(np.abs(y) ** 2)
    cross, overlap = z.conj().T @ z, a @ a.conj().T
    thin = np.s_[:: max(1, len(x) // 100)]
    few = (q[thin, None], q[None, thin], cross[thin, thin], overlap[thin, thin])
    nodes = model.hypotheses(2)
    _, best = two_paths(few, energy, y.shape, model, nodes)
    keep = nodes.pick(best > best.max() + np.log(_LEAST))
    every = (q[:, None], q[None], cross, overlap)
    return two_paths(every, energy, y.shape, model, keep)[0]


def _pair_mass(log_likelihood, value):
    """Return the probability of each pair of ascending values, [num_x, num_x]."""
    weights = trapezoid_weights(value)
    density = np.triu(np.exp(log_likelihood - log_likelihood.max()))
    # The trapezoid that the diagonal cuts is half inside.
    density[np.diag_indices(len(value))] /= 2
    mass = weights[:, None] * density * weights
    mass /= mass.sum()
    return mass


def _marginal_densities(mass, value):
    """Return the densities of the first and of the second path, [num_x] each."""
    weights = trapezoid_weights(value)
    with np.errstate(divide="ignore", invalid="ignore"):
        return [
            np.where(weights > 0, one / weights, 0.0)
            for one in (mass.sum(1), mass.sum(0))
        ]


def _moments(mass, value):
    """Return mean [2] and covariance [2, 2] of both paths."""
    first, second = mass.sum(1), mass.sum(0)
    mean = np.array([first @ value, second @ value])
    d_1, d_2 = value - mean[0], value - mean[1]
    cross = d_1 @ mass @ d_2
    return mean, np.array([[first @ d_1**2, cross], [cross, second @ d_2**2]])


def _pair_nodes(y, axis):
    """Ascending x for both paths: even ones, and some around the best pairs."""
    coarse = axis.coarse_x(8)
    pairs = maximum_likelihood(y[None], axis, 2, num_starts=3, return_all=True)[0]
    nodes = [coarse]
    step = coarse[1] - coarse[0]
    for pair in pairs:
        x = axis.to_x(pair)
        A = axis.exponentials(x).T
        gains, *_ = np.linalg.lstsq(A, y.T, rcond=None)
        no = np.mean(np.abs(y.T - A @ gains) ** 2) + 1e-12 * np.mean(np.abs(y) ** 2)
        crb = deterministic_crb(axis, x, gains, no)
        joint = np.minimum(np.sqrt(np.diag(crb)), 4 * step)
        own = np.minimum(1 / np.sqrt(np.diag(np.linalg.inv(crb))), joint)
        for at, wide, narrow in zip(x, joint, own, strict=True):
            num = int(np.clip(np.ceil(13 * wide / (0.4 * narrow)), 33, 121))
            nodes.append(at + np.linspace(-6.5, 6.5, num) * wide)
            far = 7 * wide * (max(1, 2 * step / (7 * wide))) ** np.linspace(0, 1, 6)
            nodes += [at - far, at + far]
    return np.unique(np.clip(np.concatenate(nodes), coarse[0], coarse[-1]))
