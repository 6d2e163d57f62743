"""Bounds on the error of path parameters.

All CRBs are in x of the :class:`Axis`; :func:`to_value_bound` turns them into values.
"""

import numpy as np
from scipy import special

from commgen._checks import check_int, check_noise_variance, check_positive
from commgen.inference.parameters.axis import Axis


def _derivatives(axis: Axis, x):
    """Exponentials and derivatives by x, [num_positions, num_paths] each."""
    A = axis.exponentials(x).T
    # A turn of a path is taken up by its gain: the centre changes no bound.
    centred = axis.positions - axis.positions.mean()
    return A, 2j * np.pi * centred[:, None] * A


def _projected(A, D):
    """D^H (I - projection on A) D."""
    Q, _ = np.linalg.qr(A)
    left = D - Q @ (Q.conj().T @ D)
    return left.conj().T @ left


def _check_paths(axis, x):
    x = np.atleast_1d(np.asarray(x, float))
    if x.ndim != 1 or len(x) >= axis.num_positions:
        raise ValueError(
            f"x must be [num_paths] with fewer than {axis.num_positions} paths, got "
            f"{x.shape}."
        )
    if len(np.unique(x)) < len(x):
        raise ValueError(f"x must differ between paths, got {x}.")
    return x


def deterministic_crb(axis: Axis, x, gains, no: float) -> np.ndarray:
    r"""CRB for gains that are unknown constants.

    .. math:: \frac{N_0}{2T}
        \left[\mathrm{Re}(D^H \Pi_A^\perp D \odot \hat{P}^T)\right]^{-1},
        \quad \hat{P} = \frac{1}{T} \sum_t g_t g_t^H

    (Stoica and Nehorai, "MUSIC, maximum likelihood, and Cramér-Rao bound", IEEE Trans.
    ASSP 37(5), 1989, eq. (4.6)). The noise variance, known or not, changes nothing.

    Parameters
    ----------
    axis
        Of the parameter.
    x : [num_paths], float
        True x.
    gains : [num_paths, num_snapshots], complex
    no
        Noise variance.

    Returns
    -------
    covariance : [num_paths, num_paths], float

    Raises
    ------
    ValueError
        If there are as many paths as positions, two are one, or shapes do not agree.
    """
    x = _check_paths(axis, x)
    gains = np.asarray(gains)
    if gains.ndim != 2 or len(gains) != len(x):
        raise ValueError(f"gains must be [{len(x)}, num_snapshots], got {gains.shape}.")
    power = gains @ gains.conj().T
    information = np.real(_projected(*_derivatives(axis, x)) * power.T)
    return float(check_noise_variance("no", no)) / 2 * np.linalg.inv(information)


def stochastic_crb(axis: Axis, x, power, no: float, num_snapshots: int) -> np.ndarray:
    r"""CRB for circular Gaussian gains of unknown covariance and unknown noise.

    .. math:: \frac{N_0}{2T}
        \left[\mathrm{Re}(D^H \Pi_A^\perp D \odot (P A^H R^{-1} A P)^T)\right]^{-1}

    (Stoica and Nehorai, "Performance study of conditional and unconditional
    direction-of-arrival estimation", IEEE Trans. ASSP 38(10), 1990, eq. (3.1)).

    Parameters
    ----------
    axis, x, no
        As in :func:`deterministic_crb`.
    power : [num_paths, num_paths], complex, or [num_paths], float, or float
        Covariance P of the gains; powers of uncorrelated ones.
    num_snapshots
        T.

    Returns
    -------
    covariance : [num_paths, num_paths], float

    Raises
    ------
    ValueError
        As :func:`deterministic_crb`.
    """
    x = _check_paths(axis, x)
    num_snapshots = check_int("num_snapshots", num_snapshots, low=1)
    no = float(check_noise_variance("no", no))
    P = np.asarray(power)
    P = np.diag(np.broadcast_to(P, len(x))) if P.ndim < 2 else P
    if P.shape != (len(x), len(x)):
        raise ValueError(f"power must be [{len(x)}, {len(x)}], got {P.shape}.")
    A, D = _derivatives(axis, x)
    R = A @ P @ A.conj().T + no * np.eye(len(A))
    U = P @ A.conj().T @ np.linalg.solve(R, A @ P)
    information = np.real(_projected(A, D) * U.T)
    return no / (2 * num_snapshots) * np.linalg.inv(information)


def to_value_bound(axis: Axis, x, covariance) -> np.ndarray:
    """Turn a covariance bound in x into one in the unit of the value."""
    slope = axis.slope(np.atleast_1d(x))
    return slope[:, None] * np.asarray(covariance) * slope


def noise_crb(no: float, num_snapshots: int, num_positions: int) -> float:
    r"""CRB of the noise variance, :math:`N_0^2 / (T M)`, if the signal is known.

    Also with deterministic gains, whose estimation is uncoupled from it.
    """
    entries = check_int("num_snapshots", num_snapshots, low=1)
    entries *= check_int("num_positions", num_positions, low=1)
    return float(check_noise_variance("no", no)) ** 2 / entries


def pairwise_error(axis: Axis, x_0, x_1, *, snr: float, num_snapshots: int):
    r"""Probability that the likelihoods of two values of one path are confused.

    Rayleigh gains of known power. The test compares
    :math:`\sum_t |a_0^H y_t|^2` and :math:`\sum_t |a_1^H y_t|^2`, whose difference is
    :math:`\lambda_+ X - |\lambda_-| Y` with Gamma(T) variables X, Y, so that the error
    is a regularised incomplete beta function.

    Parameters
    ----------
    axis
        Of the parameter.
    x_0, x_1 : [...], float
        True x, and the other one, broadcast.
    snr
        Gain power over noise variance, linear.
    num_snapshots
        T.

    Returns
    -------
    probability : [...], float
        Between 0 and 1/2.
    """
    M = axis.num_positions
    cross = axis.exponentials(np.asarray(x_1) - x_0).sum(-1)
    overlap = np.minimum(np.abs(cross) ** 2, float(M) ** 2)
    # Under x_0, y has covariance snr a_0 a_0^H + I; in (a_0, a_1) the form's two
    # eigenvalues have this sum and this product.
    total = snr * (M**2 - overlap)
    product = -(1 + snr * M) * (M**2 - overlap)
    root = np.sqrt(total**2 - 4 * product)
    plus, minus = (total + root) / 2, (root - total) / 2
    with np.errstate(invalid="ignore"):
        ratio = np.where(plus + minus > 0, minus / (plus + minus), 0.5)
    return special.betainc(num_snapshots, num_snapshots, ratio)


def ziv_zakai(
    axis: Axis, *, snr: float, num_snapshots: int, num_points: int = 1500
) -> float:
    r"""Ziv-Zakai bound on the mean squared error of one path's value.

    .. math:: E\,\epsilon^2 \ge \int_0^L h \, V\left\{\frac{1}{L}
        \int_0^{L-h} P_e(v, v+h)\, dv\right\} dh

    for a value that is uniform over a length L; V fills valleys (Bell, Steinberg,
    Ephraim and Van Trees, "Extended Ziv-Zakai lower bound for vector parameter
    estimation", IEEE Trans. IT 43(2), 1997). Gains are Rayleigh, power and noise known.

    Parameters
    ----------
    axis, snr, num_snapshots
        As in :func:`pairwise_error`.
    num_points
        Of the integral over h, spaced geometrically.

    Returns
    -------
    float
        In the squared unit of the value. It holds for any estimator, at any SNR.

    Raises
    ------
    ValueError
        If the SNR is not positive, or there is no snapshot.
    """
    snr = check_positive("snr", snr)
    num_snapshots = check_int("num_snapshots", num_snapshots, low=1)
    length = axis.high - axis.low
    h = np.concatenate([[0], np.geomspace(1e-6, 1, num_points) * length])
    v = np.linspace(0, 1, 101)[:, None] * (length - h) + axis.low
    error = pairwise_error(
        axis, axis.to_x(v), axis.to_x(v + h), snr=snr, num_snapshots=num_snapshots
    )
    inner = np.trapezoid(error, v, axis=0) / length
    filled = np.maximum.accumulate(inner[::-1])[::-1]
    return float(np.trapezoid(h * filled, h))
