"""LMMSE priors: covariances of few channels, structured and shrunk."""

from typing import Any, Literal

import numpy as np

from commgen._checks import check_int
from commgen.generative.mixture.em import Mixture, fourier_vectors
from commgen.generative.mixture.gmm import GaussianMixture
from commgen.generative.mixture.toeplitz import lag_table
from commgen.generative.model import check_training_set

Structure = Literal["full", "toeplitz", "circulant"]
STRUCTURES = ("full", "toeplitz", "circulant")
SHRINKAGES = ("ledoit-wolf", "oas")
# Least eigenvalue, against the mean one.
_FLOOR = 1e-6
_NUM_FOLDS = 5


def sample_covariance(h, structure: Structure = "full") -> np.ndarray:
    r"""Return the covariance of zero-mean channels, or its projection on a structure.

    .. math:: S = \frac{1}{n} \sum_i h_i h_i^\mathsf{H}

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels.
    structure
        ``"full"``: S. ``"toeplitz"``: the (block-)Toeplitz matrix nearest to S, which
        has the means along its diagonals; unbiased where channels are stationary, and
        not always positive semidefinite. ``"circulant"``: S without all that is not
        diagonal in the Fourier domain of ``event_shape``.

    Returns
    -------
    [size, size], complex128

    Raises
    ------
    ValueError
        If the structure is unknown or there are no channels.
    """
    h = _checked(h, structure)
    x = h.reshape(len(h), -1)
    if structure == "circulant":
        F = fourier_vectors(h.shape[1:]).astype(np.complex128)
        power = np.mean(np.abs(x @ F.conj()) ** 2, axis=0)
        return (F * power) @ F.conj().T
    S = x.T @ x.conj() / len(x)
    return S if structure == "full" else _project(S, h.shape[1:])


def ledoit_wolf(h, structure: Structure = "full") -> float:
    r"""Return the weight of :math:`\frac{\mathrm{tr}\,S}{p} I` of least squared error.

    With the estimate :math:`P x_i x_i^\mathsf{H}` from each single channel, of which S
    is the mean, and the target F,

    .. math:: \rho = \min\Big(1, \frac{n^{-2} \sum_i
        \|P x_i x_i^\mathsf{H} - S\|^2}{\|S - F\|^2}\Big)

    (Ledoit and Wolf, J. Multivariate Anal. 88, 2004, sec. 3.2, whose formula holds for
    complex data of known mean as it stands, and for projections P on a linear space of
    matrices that holds I).

    Parameters
    ----------
    h, structure
        As :func:`sample_covariance`.

    Returns
    -------
    float
        In 0..1; 1 where S is a multiple of I already, and for a single channel.
    """
    h = _checked(h, structure)
    S = sample_covariance(h, structure)
    n, p = len(h), len(S)
    target = np.trace(S).real / p * np.eye(p)
    distance = np.sum(np.abs(S - target) ** 2)
    if distance <= 0 or n == 1:
        return 1.0
    each = np.sum(_squared_norms(h, structure))
    spread = max(each / n - np.sum(np.abs(S) ** 2), 0.0) / n
    return float(min(1.0, spread / distance))


def oracle_approximating(h) -> float:
    r"""Return the weight of the scaled identity if the channels are Gaussian (OAS).

    Chen, Wiesel, Eldar and Hero, IEEE Trans. Signal Process. 58 (2010), eq. (23), with
    the moments of the complex Wishart law in place of the real one: :math:`E\,
    \mathrm{tr} S^2 = \mathrm{tr}\Sigma^2 + \mathrm{tr}^2\Sigma / n` and
    :math:`E\,\mathrm{tr}^2 S = \mathrm{tr}^2\Sigma + \mathrm{tr}\Sigma^2 / n` turn the
    fixed point into

    .. math:: \rho = \min\Big(1, \frac{\mathrm{tr}^2 S - \mathrm{tr}(S^2) / p}
        {(n - 1/p)(\mathrm{tr}(S^2) - \mathrm{tr}^2 S / p)}\Big)

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels.
    """
    S = sample_covariance(h)
    n, p = len(h), len(S)
    square, total = np.sum(np.abs(S) ** 2), np.trace(S).real ** 2
    below = (n - 1 / p) * (square - total / p)
    return 1.0 if below <= 0 else float(min(1.0, (total - square / p) / below))


def lmmse_prior(
    h,
    structure: Structure = "full",
    shrinkage: float | Literal["ledoit-wolf", "oas"] | None = None,
) -> GaussianMixture:
    """Return the Gaussian prior of a covariance, so that its estimator is the LMMSE.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Training channels of about unit mean power; one is enough.
    structure
        As :func:`sample_covariance`.
    shrinkage
        Weight of the scaled identity in 0..1, or ``"ledoit-wolf"`` or ``"oas"`` for
        :func:`ledoit_wolf` and :func:`oracle_approximating`; None for 0.

    Returns
    -------
    GaussianMixture
        Of one component, for :class:`~commgen.phy.estimation.PriorEstimator`.
        Eigenvalues are at least 1e-6 of their mean.

    Raises
    ------
    ValueError
        If the channels are not as
        :func:`~commgen.generative.model.check_training_set` asks, an option is unknown,
        or ``"oas"`` is asked for with a structure.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> h = (rng.normal(size=(20, 8, 2)) @ [1, 1j]) / 2**0.5
    >>> lmmse_prior(h, "toeplitz", "ledoit-wolf").sample(2, seed=1).shape
    (2, 8)
    """
    h = np.asarray(h)
    shape = h.shape[1:]
    h = check_training_set("h", h, shape, least=1, why="to learn from")
    weight = _weight(h, structure, shrinkage)
    S = sample_covariance(h, structure)
    mean = np.trace(S).real / len(S)
    if structure == "circulant":
        F = fourier_vectors(shape)
        s = np.einsum("ij,ij->j", F.conj(), S @ F).real
        vectors = F
    else:
        s, vectors = np.linalg.eigh(S)
    s = np.maximum((1 - weight) * s + weight * mean, _FLOOR * mean)
    # A projection with negative eigenvalues has, without them, too much power.
    s *= mean / s.mean()
    kind = "circulant" if structure == "circulant" else "full"
    prior = GaussianMixture(shape, 1, kind)
    prior._assign(Mixture(np.zeros(1), s[None], vectors[None]))
    return prior


def choose_lmmse_prior(h, *, seed: int = 0) -> tuple[GaussianMixture, dict[str, Any]]:
    """Return the prior whose covariance makes channels left out likeliest.

    Five parts of the channels are left out in turn, and all structures tried, each
    unshrunk and with the weight of :func:`ledoit_wolf`.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Training channels, at least 10.
    seed
        Of the split.

    Returns
    -------
    prior : GaussianMixture
        Fitted to all channels.
    choice
        ``structure`` and ``shrinkage``, as :func:`lmmse_prior` takes them.
    """
    h = np.asarray(h)
    h = check_training_set(
        "h", h, h.shape[1:], least=2 * _NUM_FOLDS, why="of which parts are left out"
    )
    fold = np.random.default_rng(check_int("seed", seed, low=0)).permutation(len(h))
    fold %= _NUM_FOLDS
    choices = [
        {"structure": structure, "shrinkage": shrinkage}
        for structure in STRUCTURES
        for shrinkage in (None, "ledoit-wolf")
    ]
    scores = [
        sum(
            lmmse_prior(h[fold != k], **choice).log_prob(h[fold == k]).sum()
            for k in range(_NUM_FOLDS)
        )
        for choice in choices
    ]
    best = choices[int(np.argmax(scores))]
    return lmmse_prior(h, **best), best


def _checked(h, structure) -> np.ndarray:
    if structure not in STRUCTURES:
        raise ValueError(f"structure must be one of {STRUCTURES}, got {structure!r}.")
    h = np.asarray(h)
    if h.ndim < 2 or h.size == 0:
        raise ValueError(f"h must be [n, *event_shape] with n >= 1, got {h.shape}.")
    return h.astype(np.complex128)


def _weight(h, structure, shrinkage) -> float:
    if shrinkage is None:
        return 0.0
    if shrinkage == "ledoit-wolf":
        return ledoit_wolf(h, structure)
    if shrinkage == "oas":
        if structure != "full":
            raise ValueError(
                "shrinkage must be 'ledoit-wolf' or a number where the structure is "
                f"{structure!r}, got 'oas'."
            )
        return oracle_approximating(h)
    if isinstance(shrinkage, str) or not 0 <= shrinkage <= 1:
        raise ValueError(
            f"shrinkage must be None, one of {SHRINKAGES} or in 0..1, "
            f"got {shrinkage!r}."
        )
    return float(shrinkage)


def _project(S, event_shape) -> np.ndarray:
    """Return the means of S over equal lags, [size, size]."""
    lags = lag_table(event_shape)
    flat = lags.reshape(-1)
    count = np.maximum(np.bincount(flat), 1)
    re, im = (np.bincount(flat, part.reshape(-1)) / count for part in (S.real, S.imag))
    return (re + 1j * im)[lags]


def _squared_norms(h, structure) -> np.ndarray:
    """Return the squared norm of what each channel's outer product projects to, [n]."""
    axes = tuple(range(1, h.ndim))
    if structure == "full":
        return np.sum(np.abs(h) ** 2, axis=axes) ** 2
    if structure == "circulant":
        return np.sum(np.abs(np.fft.fftn(h, axes=axes, norm="ortho")) ** 4, axis=axes)
    # The sum along a diagonal is the autocorrelation of the channel at its lag.
    double = tuple(2 * n for n in h.shape[1:])

    def autocorrelation(x):
        power = np.abs(np.fft.fftn(x, double, axes=axes)) ** 2
        return np.fft.ifftn(power, axes=axes)

    sums = autocorrelation(h)
    count = np.round(np.abs(autocorrelation(np.ones((1, *h.shape[1:])))))
    return np.sum(np.abs(sums) ** 2 / np.maximum(count, 1), axis=axes)
