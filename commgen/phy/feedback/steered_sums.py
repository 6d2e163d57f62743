"""Sums over all directions at once, by lags: products of antennas so far apart.

Steering multiplies the product of antennas a and b by a phase of their distance a - b
alone, so that sums over directions are Fourier transforms over lags.
"""

import warnings

import numpy as np
from scipy.cluster.vq import kmeans2


class LagProducts:
    """Products of the entries of channels, lag by lag.

    Parameters
    ----------
    h : [n, N], complex
        Channels.
    """

    def __init__(self, h: np.ndarray):
        h = h.astype(np.complex64)
        self.size = h.shape[1]
        self.parts = [
            h[:, lag:] * h[:, : self.size - lag].conj() for lag in range(self.size)
        ]

    def quadratic(self, matrices: np.ndarray) -> np.ndarray:
        """Return h^H D_s B D_s^H h of Hermitian matrices, [n, num_shapes, 2 N].

        Parameters
        ----------
        matrices : [num_shapes, N, N], complex
            One for each shape.
        """
        sums = np.zeros(
            (len(self.parts[0]), len(matrices), 2 * self.size), np.complex64
        )
        for lag, part in enumerate(self.parts):
            above = np.diagonal(matrices, lag, axis1=1, axis2=2).T
            sums[:, :, lag] = part @ above.astype(np.complex64) * (2 if lag else 1)
        return np.fft.fft(sums, axis=2).real


def steered_scatter(products: LagProducts, r: np.ndarray) -> np.ndarray:
    """Return the sums of r D_s^H h h^H D_s over channels and directions.

    Parameters
    ----------
    products
        Of channels.
    r : [n, num_shapes, 2 N], float
        Weights.

    Returns
    -------
    [num_shapes, N, N], complex
    """
    size = products.size
    phases = np.fft.fft(r, axis=2).astype(np.complex64)
    out = np.zeros((r.shape[1], size, size), np.complex128)
    for lag, part in enumerate(products.parts):
        a = np.arange(size - lag)
        sums = phases[:, :, lag].T @ part
        out[:, a, a + lag] = sums.conj()
        out[:, a + lag, a] = sums
    return out


def start(h: np.ndarray, num_shapes: int, *, seed: int) -> np.ndarray:
    """Return spectra [num_shapes, 2 N] of clusters, their peaks turned to zero.

    Parameters
    ----------
    h : [n, N], complex
        Channels.
    num_shapes
        Clusters, of the logarithm of the power over angles.
    seed
        Of k-means++.
    """
    points = 2 * h.shape[1]
    power = np.abs(np.fft.fft(h, points, axis=1)) ** 2 / points
    wide = power + np.roll(power, 1, axis=1) + np.roll(power, -1, axis=1)
    turned = (np.arange(points) + wide.argmax(axis=1)[:, None]) % points
    wide = np.take_along_axis(wide, turned, axis=1)
    features = np.log(wide + 0.02 * wide.mean(axis=1, keepdims=True) + 1e-12)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore")  # of an empty cluster
        rng = np.random.default_rng(seed)
        _, labels = kmeans2(features[:, ::2], num_shapes, minit="++", rng=rng)
    power = np.take_along_axis(power, turned, axis=1)
    mean = power.mean(axis=0)
    spectra = [
        (power[labels == g].sum(axis=0) + mean) / (np.sum(labels == g) + 1)
        for g in range(num_shapes)
    ]
    # A trace of the covariance is the sum of the spectrum times N over N atoms.
    return np.array(spectra) * (np.mean(np.abs(h) ** 2) / mean.sum() * h.shape[1])
