"""A mixture whose components are few spectra, each steered to many directions."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import logsumexp

from commgen._checks import check_int
from commgen._files.npz import read_npz, write_npz
from commgen._progress import progress_bar
from commgen.generative.mixture.toeplitz import (
    atom_powers,
    lag_table,
    toeplitz_matrix,
    toeplitz_step,
)
from commgen.generative.model import check_channels, check_training_set
from commgen.phy.feedback.steered_sums import LagProducts, start, steered_scatter

_ARRAYS = ("spectra", "log_weights", "noise")
# Part of the mean power that every direction has, at which spectra are learned.
_NOISE = 1e-3
_STEPS, _FIRST_STEPS = 3, 10
# Directions over which weights are smoothed, and channels that a common profile of
# directions is worth in each spectrum.
_WIDTH, _PROFILE_WORTH = 2.0, 1.0
_CHUNK = 500


class SteeredMixture:
    r"""Zero-mean Gaussians of a line of antennas, :math:`D_s C_g D_s^H`.

    :math:`C_g` is a Toeplitz covariance, the shape of a spectrum over angles, and
    :math:`D_s = \mathrm{diag}(e^{2 \pi j s n / 2N})` steers it to one of 2 N
    directions.
    What one direction teaches, all others know: a mixture of as many components as
    shapes times directions has the parameters of the shapes alone, 2 N each, and its
    weights.

    Parameters
    ----------
    spectra : [num_shapes, 2 N], float
        Powers of the discrete Fourier vectors of 2 N points.
    log_weights : [num_shapes, 2 N], float
        Of each shape in each direction.
    noise
        Variance that every direction has in addition.
    """

    def __init__(self, spectra: Any, log_weights: Any, noise: float):
        spectra = np.asarray(spectra, np.float64)
        weights = np.asarray(log_weights, np.float64)
        if spectra.ndim != 2 or spectra.shape[1] % 2 or spectra.size == 0:
            raise ValueError(
                f"spectra must be [num_shapes, 2 N], got {list(spectra.shape)}."
            )
        if weights.shape != spectra.shape:
            raise ValueError(
                f"log_weights must be {list(spectra.shape)}, got {list(weights.shape)}."
            )
        if not (np.isfinite(spectra).all() and (spectra >= 0).all() and noise > 0):
            raise ValueError("spectra and noise must be finite, and noise above 0.")
        total: Any = logsumexp(weights)
        if not np.isfinite(weights).all() or abs(total) > 1e-3:
            raise ValueError("log_weights must be finite, their weights sum to 1.")
        self.spectra, self.log_weights, self.noise = spectra, weights, float(noise)
        self.event_shape = (spectra.shape[1] // 2,)

    @classmethod
    def fit(
        cls,
        h: Any,
        num_shapes: int,
        *,
        seed: int,
        num_rounds: int = 20,
        progress: bool = False,
    ) -> "SteeredMixture":
        """Fit by expectation-maximisation; a channel teaches its mirror image, too.

        Parameters
        ----------
        h : [n, N], complex
            Channels, more than shapes.
        num_shapes
            Spectra.
        seed
            Of the clustering that it starts from.
        num_rounds
            Steps of EM.
        progress
            Show a progress bar.
        """
        check_int("num_shapes", num_shapes, low=1)
        check_int("num_rounds", num_rounds, low=1)
        shape = np.shape(h)[1:]
        why = "more than shapes"
        h = check_training_set("h", h, shape, least=num_shapes + 1, why=why)
        both = np.concatenate([h, h[:, ::-1]])
        noise = _NOISE * float(np.mean(np.abs(h) ** 2))
        spectra = start(both, num_shapes, seed=seed)
        model = cls(spectra, np.full(spectra.shape, -np.log(spectra.size)), noise)
        with progress_bar("fitting shapes", num_rounds, unit="rounds") as go:
            for i in range(num_rounds):
                model = model._improved(both, _STEPS if i else _FIRST_STEPS)
                if progress:
                    go(1)
        return model

    def _improved(self, h, num_steps) -> "SteeredMixture":
        """Return the mixture after a step of EM."""
        scatter = np.zeros((len(self.spectra), *2 * self.event_shape), np.complex128)
        weights = np.zeros(self.spectra.shape)
        for first in range(0, len(h), _CHUNK):
            products = LagProducts(h[first : first + _CHUNK])
            joint = self._joint(products, self.noise)
            r = np.exp(joint - logsumexp(joint, axis=(1, 2), keepdims=True))
            scatter += steered_scatter(products, r)
            weights += r.sum(axis=0)
        lags = lag_table(self.event_shape)
        spectra = self.spectra.copy()
        for g, held in enumerate(weights.sum(axis=1)):
            if held < 1:  # too few to teach
                continue
            for _ in range(num_steps):
                spectra[g] = toeplitz_step(
                    spectra[g],
                    scatter[g] / held,
                    lags,
                    self.event_shape,
                    noise=self.noise,
                    floor=1e-6 * self.noise,
                )
        return SteeredMixture(spectra, np.log(_smooth(weights)), self.noise)

    @cached_property
    def eigen(self) -> tuple[np.ndarray, np.ndarray]:
        """Variances [num_shapes, N], falling, and their vectors [num_shapes, N, N]."""
        values, vectors = np.linalg.eigh(self._covariances(self.noise))
        return values[:, ::-1], vectors[:, :, ::-1]

    def _covariances(self, noise):
        lags = lag_table(self.event_shape)
        made = [toeplitz_matrix(c, lags, self.event_shape) for c in self.spectra]
        return np.array(made) + noise * np.eye(*2 * self.event_shape)

    def steered(self, h: np.ndarray, directions: np.ndarray, sign: int) -> np.ndarray:
        """Return channels [n, N] turned to (1) or back from (-1) directions [n]."""
        n = np.arange(h.shape[1])
        turns = sign * np.outer(directions, n) / (2 * h.shape[1])
        return h * np.exp(2j * np.pi * turns)

    def log_joint(self, h: Any, noise: float) -> np.ndarray:
        """Return log w + log p(h) under each component with noise in addition.

        Parameters
        ----------
        h : [n, N], complex
            Channels.
        noise
            Variance, in addition to that of the mixture.

        Returns
        -------
        [n, num_shapes, 2 N], float
        """
        h = check_channels("h", h, self.event_shape)
        parts = range(0, len(h), _CHUNK)
        return np.concatenate(
            [
                self._joint(LagProducts(h[i : i + _CHUNK]), self.noise + noise)
                for i in parts
            ]
        )

    def _joint(self, products, noise):
        R = self._covariances(noise)
        log_det = np.linalg.slogdet(R)[1]
        constant = self.log_weights - log_det[:, None] - len(R[0]) * np.log(np.pi)
        return constant - products.quadratic(np.linalg.inv(R))

    def likeliest(self, h: np.ndarray, noise: float, num: int) -> np.ndarray:
        r"""Return the components whose spectra fit best, [n, num], in no order.

        Whittle's approximation of the likelihood (J. Stat. Plan. Inference 2, 1953),
        with the power P of 2 N discrete Fourier vectors beside its mean S under each
        component: :math:`-\frac{1}{2}\sum_p \log S_p + P_p / S_p`. Of a direction only
        the order of the sum changes, so that a terminal needs Fourier transforms alone.

        Parameters
        ----------
        h : [n, N], complex
            Channels.
        noise
            Variance in addition to that of the mixture.
        num
            How many.
        """
        points = 2 * h.shape[1]
        power = np.abs(np.fft.fft(h, points, axis=1)) ** 2 / h.shape[1]
        mean = self._mean_powers + noise
        match = np.fft.fft(power)[:, None] * np.fft.fft(1 / mean).conj()
        fit = np.fft.ifft(match, axis=2).real / 2
        fixed = self.log_weights - np.log(mean).sum(axis=1, keepdims=True) / 2
        joint = (fixed - fit).reshape(len(h), -1)
        return np.argpartition(-joint, num - 1, axis=1)[:, :num]

    @cached_property
    def _mean_powers(self) -> np.ndarray:
        """Mean power of each Fourier vector, [num_shapes, 2 N]."""
        lags = lag_table(self.event_shape)
        R = self._covariances(self.noise)
        return np.array([atom_powers(C, lags, self.event_shape) for C in R])

    def save(self, path: str | Path) -> None:
        """Write the mixture into an ``.npz`` file."""
        write_npz(path, {name: np.asarray(getattr(self, name)) for name in _ARRAYS})

    @classmethod
    def load(cls, path: str | Path) -> "SteeredMixture":
        """Read what :meth:`save` wrote.

        Raises
        ------
        OSError, ValueError
            If the file cannot be read, is damaged, or holds no such mixture.
        """
        found = read_npz(path, _ARRAYS)
        for name, array in found.items():
            if array.dtype != np.float64:
                raise ValueError(f"{path}: {name} must be float64, got {array.dtype}.")
        if found["noise"].shape != ():
            raise ValueError(f"{path}: noise must be one number.")
        return cls(found["spectra"], found["log_weights"], float(found["noise"]))


def _smooth(weights: np.ndarray) -> np.ndarray:
    """Smooth sums [num_shapes, 2 N] over directions, and lean them on all shapes."""
    points = weights.shape[1]
    away = np.minimum(np.arange(points), points - np.arange(points))
    kernel = np.exp(-((away / _WIDTH) ** 2) / 2)
    spread = np.fft.fft(weights, axis=1) * np.fft.fft(kernel / kernel.sum())
    near = np.maximum((weights + np.fft.ifft(spread, axis=1).real) / 2, 0)
    profile = near.sum(axis=0) / near.sum()
    near += _PROFILE_WORTH * (profile + 1e-3 / points)
    return near / near.sum()
