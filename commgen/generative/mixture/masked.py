"""Observations of which each misses its own entries."""

import numpy as np

from commgen.generative.mixture.parts import Component, Scatter

# Matrices that are decomposed together, bytes.
_BATCH_BYTES = 32e6
# Noise above this share of the channels' power keeps single precision accurate enough.
_SINGLE = 1e-3


class MaskedObservation:
    """Channels y = h + n with white noise, of which some entries were not seen.

    Parameters
    ----------
    y : [n, size], complex
        Received channels; what the mask leaves out is ignored.
    mask : [n, size], bool
        Which entries were seen, at least one of each channel.
    no : [n], float
        Noise variance.
    """

    def __init__(self, y: np.ndarray, mask: np.ndarray, no: np.ndarray):
        self._shape = y.shape
        power = np.mean(np.abs(y[mask]) ** 2)
        self._dtype = np.complex64 if no.min() > _SINGLE * power else np.complex128
        self._y, self._no = y.astype(self._dtype), no.astype(self._dtype().real.dtype)
        # Channels with equally many entries make batches of equal matrices.
        counts = mask.sum(axis=1)
        order = np.argsort(~mask, axis=1, kind="stable")
        self._groups = []
        for m in np.unique(counts):
            rows = np.flatnonzero(counts == m)
            step = max(1, int(_BATCH_BYTES / (16 * (m + 1) ** 2)))
            for i in range(0, len(rows), step):
                part = rows[i : i + step]
                self._groups.append((part, order[part, :m]))

    def log_density(self, component: Component) -> np.ndarray:
        """Return the log-density of what was seen under CN(0, R), [n]."""
        R, out = component.matrix().astype(self._dtype), np.empty(len(self._y))
        for rows, seen in self._groups:
            z, root = self._whitened(R, rows, seen)
            log_det = 2 * np.sum(np.log(root), axis=1, dtype=np.float64)
            distance = np.sum(np.abs(z) ** 2, axis=1)
            out[rows] = -log_det - distance - seen.shape[1] * np.log(np.pi)
        return out

    def _whitened(self, R, rows, seen):
        """Return L^-1 y and diag(L) for the Cholesky factors L of each covariance.

        The last row of the factor of [[L L^H, y], [y^H, b]] is the first of them.
        """
        n, m = seen.shape
        y = np.take_along_axis(self._y[rows], seen, axis=1)
        M = np.empty((n, m + 1, m + 1), self._dtype)
        M[:, :m, :m] = self._covariance(R, rows, seen)
        M[:, m, :m] = y.conj()
        M[:, :m, m] = y
        # Above y^H (L L^H)^-1 y, so that the matrix is positive definite.
        M[:, m, m] = 1 + 2 * np.sum(np.abs(y) ** 2, axis=1) / self._no[rows]
        L = np.linalg.cholesky(M)
        return L[:, m, :m].conj(), np.diagonal(L, axis1=1, axis2=2)[:, :m].real

    def _covariance(self, R, rows, seen):
        m = seen.shape[1]
        M = np.take(R.ravel(), seen[:, :, None] * len(R) + seen[:, None, :])
        M[:, np.arange(m), np.arange(m)] += self._no[rows, None]
        return M

    def posterior(self, component: Component, weights: np.ndarray):
        """Return E[h | y] and the sum of w Cov[h | y] under CN(0, R).

        Parameters
        ----------
        component
            The covariance R.
        weights : [n], float
            Weights w; channels of weight 0 are left out.

        Returns
        -------
        mean : [n, size], complex
            Zero where the weight is.
        spread : [size, size], complex
        """
        R = component.matrix()
        spread = weights.sum() * R
        R = R.astype(self._dtype)
        mean = np.zeros(self._shape, complex)
        for rows, seen in self._groups:
            near = weights[rows] > 0
            if not near.any():
                continue
            rows, seen = rows[near], seen[near]
            y = np.take_along_axis(self._y[rows], seen, axis=1)[..., None]
            L = np.linalg.cholesky(self._covariance(R, rows, seen))
            T = np.linalg.solve(L, np.concatenate([R[seen], y], axis=2))
            T, z = T[..., :-1], T[..., -1]
            mean[rows] = np.einsum("bmn,bm->bn", T.conj(), z)
            root = np.sqrt(weights[rows]).astype(T.real.dtype)
            scaled = (T * root[:, None, None]).reshape(-1, len(R))
            spread -= scaled.conj().T @ scaled
        return mean, (spread + spread.conj().T) / 2

    def estimate(self, component: Component) -> np.ndarray:
        """Return E[h | y] under CN(0, R), [n, size]."""
        return self.posterior(component, np.ones(len(self._y)))[0]

    def scatter(self, component: Component, weights: np.ndarray) -> Scatter:
        """Return the expected sum of w h h^H given what was seen."""
        mean, spread = self.posterior(component, weights)
        near = weights > 0
        return Scatter(mean[near], weights[near], float(weights.sum()), extra=spread)
