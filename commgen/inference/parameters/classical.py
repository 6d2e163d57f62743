"""Point estimators without a prior: beam peak, maximum likelihood, MUSIC, ESPRIT."""

import numpy as np
from scipy import optimize

from commgen._checks import check_int
from commgen.inference.parameters.axis import Axis, check_snapshots
from commgen.inference.parameters.beams import find_peaks


def bartlett(y, axis: Axis) -> np.ndarray:
    """Return where the beam power is greatest within the prior, in values.

    For one path in white noise this is maximum likelihood; the peak is refined, not
    read off the grid.

    Parameters
    ----------
    y : [n, num_snapshots, num_positions], complex
    axis
        Of the parameter.

    Returns
    -------
    value : [n, 1], float

    Raises
    ------
    ValueError
        If y is not finite or of another shape.
    """
    y = check_snapshots(y, axis)
    peaks = find_peaks(y, axis, 3)
    best = peaks.beam.argmax(axis=1)[:, None]
    return axis.to_value(np.take_along_axis(peaks.x, best, 1))


def maximum_likelihood(
    y, axis: Axis, num_paths: int, *, num_starts: int = 2, return_all: bool = False
):
    """Return the least-squares fit of ``num_paths`` exponentials, in values.

    Starts follow the alternating projection of Ziskind and Wax, "Maximum likelihood
    localization of multiple sources by alternating projection", IEEE Trans. ASSP
    36(10), 1988, from the highest beam peaks; L-BFGS-B ends them.

    Parameters
    ----------
    y, axis
        As in :func:`bartlett`.
    num_paths
        Fewer than positions.
    num_starts
        Peaks to start from.
    return_all
        Return all local fits, the best one first.

    Returns
    -------
    value : [n, num_paths], float, or [n, num_starts, num_paths] with ``return_all``
        Ascending over paths.

    Raises
    ------
    TypeError, ValueError
        If y is not finite or of another shape, or num_paths is out of range.
    """
    y = check_snapshots(y, axis)
    check_int("num_paths", num_paths, low=1, high=axis.num_positions - 1)
    check_int("num_starts", num_starts, low=1)
    starts = find_peaks(y, axis, num_starts).x
    pairs = zip(y, starts, strict=True)
    fits = np.stack([_fits(row, axis, num_paths, start) for row, start in pairs])
    return axis.to_value(fits if return_all else fits[:, 0])


def _fits(y, axis, num_paths, starts):
    """Local fits of one observation, [num_starts, num_paths], the best one first."""
    coarse = axis.coarse_x(4 if num_paths > 1 else 16)
    a = axis.exponentials(coarse)
    found = []
    for start in starts:
        x = np.array([start])
        for _ in range(1, num_paths):
            x = np.append(x, _next_path(y, axis, x, coarse, a))
        for k in np.tile(np.arange(num_paths), 2 if num_paths > 1 else 0):
            x[k] = _next_path(y, axis, np.delete(x, k), coarse, a)
        found.append(_polish(y, axis, x, coarse[1] - coarse[0]))
    order = np.argsort([cost for cost, _ in found], kind="stable")
    return np.stack([np.sort(found[i][1]) for i in order])


def _next_path(y, axis, x, coarse, a):
    """Place on ``coarse`` where another path explains most beside those at x."""
    Q, _ = np.linalg.qr(axis.exponentials(x).T)
    left = y.T - Q @ (Q.conj().T @ y.T)
    rest = a.T - Q @ (Q.conj().T @ a.T)
    power = np.sum(np.abs(rest) ** 2, axis=0)
    gain = np.sum(np.abs(rest.conj().T @ left) ** 2, axis=1)
    # Nearer than a hundredth of the whole vector, a path adds nothing of its own.
    score = np.where(power > 1e-2 * axis.num_positions, gain / power.clip(1e-30), -1)
    return coarse[np.argmax(score)]


def _polish(y, axis, x, step):
    """Minimise what is left over after projection; return (cost, x)."""
    scale = np.sum(np.abs(y) ** 2)
    centred = axis.positions - axis.positions.mean()

    def cost(offset):
        at = x + step * offset
        A = axis.exponentials(at).T
        gains, *_ = np.linalg.lstsq(A, y.T, rcond=None)
        left = y.T - A @ gains
        D = 2j * np.pi * centred[:, None] * A
        slope = -2 * np.real(np.sum(D.conj().T @ left * gains.conj(), axis=1))
        return np.sum(np.abs(left) ** 2) / scale, step * slope / scale

    low, high = axis.to_x(axis.low), axis.to_x(axis.high)
    bounds = [((low - at) / step, (high - at) / step) for at in x]
    fit = optimize.minimize(
        cost,
        np.zeros(len(x)),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-15, "gtol": 1e-10},
    )
    return fit.fun, x + step * fit.x


def _covariance(y, subarray):
    """Sample covariance over snapshots and shifts, forward and backward averaged."""
    if subarray is not None:
        shifts = y.shape[-1] - subarray + 1
        y = np.concatenate([y[..., k : k + subarray] for k in range(shifts)], axis=1)
    R = np.swapaxes(y, 1, 2) @ y.conj() / y.shape[1]
    return (R + R[:, ::-1, ::-1].conj()) / 2


def _subspaces(y, axis, num_paths, subarray):
    """Check; return eigenvectors by ascending eigenvalue, [n, m, m]."""
    y = check_snapshots(y, axis)
    _ = axis.spacing  # raises unless the positions are uniform
    size = axis.num_positions
    if subarray is not None:
        size = check_int("subarray", subarray, low=2, high=size)
    check_int("num_paths", num_paths, low=1, high=size - 1)
    rank = 2 * y.shape[1] * (axis.num_positions - size + 1)
    if rank < num_paths:
        raise ValueError(
            f"num_paths must be at most {rank}, the rank of the sample covariance, got "
            f"{num_paths}; a smaller subarray gives more."
        )
    return np.linalg.eigh(_covariance(y, subarray))[1]


def _from_turn(axis, turn):
    """Values of phase steps : [n, num_paths], moved by periods towards the prior."""
    x = turn / (2 * np.pi * axis.spacing)
    period = abs(1 / axis.spacing)
    middle = (axis.to_x(axis.low) + axis.to_x(axis.high)) / 2
    x = x - period * np.round((x - middle) / period)
    return np.sort(axis.to_value(x), axis=1)


def root_music(y, axis: Axis, num_paths: int, *, subarray: int | None = None):
    """Root-MUSIC with forward-backward averaging, in values.

    Barabell, "Improving the resolution performance of eigenstructure-based
    direction-finding algorithms", ICASSP 1983; averaging as Pillai and Kwon, "Forward /
    backward spatial smoothing", IEEE Trans. ASSP 37(1), 1989.

    Parameters
    ----------
    y, axis
        As in :func:`bartlett`; positions must be uniform.
    num_paths
        Fewer than positions of the subarray.
    subarray
        Positions of the subarrays that are averaged over; None averages snapshots only.

    Returns
    -------
    value : [n, num_paths], float
        Ascending. The prior picks the period; estimates may lie outside of it.

    Raises
    ------
    TypeError, ValueError
        If positions are not uniform, or there are too many paths for the covariance.
    """
    U = _subspaces(y, axis, num_paths, subarray)
    noise = U[..., : U.shape[-1] - num_paths]
    C = noise @ np.swapaxes(noise, 1, 2).conj()
    m = C.shape[-1]
    lags = [np.trace(C, k, 1, 2) for k in range(m - 1, -m, -1)]
    roots = np.stack([np.roots(row) for row in np.stack(lags, 1)])
    modulus = np.abs(roots)
    # Roots come in pairs (z, 1 / z*): take the inner one of each.
    order = np.argsort(np.where(modulus <= 1, -modulus, 1), axis=1, kind="stable")
    chosen = np.take_along_axis(roots, order[:, :num_paths], 1)
    return _from_turn(axis, np.angle(chosen))


def esprit(y, axis: Axis, num_paths: int, *, subarray: int | None = None):
    """Total-least-squares ESPRIT with forward-backward averaging, in values.

    Roy and Kailath, "ESPRIT - estimation of signal parameters via rotational invariance
    techniques", IEEE Trans. ASSP 37(7), 1989.

    Parameters, returns and errors are those of :func:`root_music`.
    """
    signal = _subspaces(y, axis, num_paths, subarray)[..., -num_paths:]
    both = np.concatenate([signal[:, :-1], signal[:, 1:]], axis=2)
    V = np.linalg.svd(both)[2].conj().swapaxes(1, 2)
    upper, lower = V[:, :num_paths, num_paths:], V[:, num_paths:, num_paths:]
    rotation = -upper @ np.linalg.inv(lower)
    return _from_turn(axis, np.angle(np.linalg.eigvals(rotation)))
