"""What a Gaussian mixture consists of, and the statistics it is fitted to."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import eigsh

# Beyond this order an iterative method finds a few eigenvectors sooner.
_DENSE = 1500


@dataclass(frozen=True)
class Component:
    r"""One covariance :math:`R = U\,\mathrm{diag}(s)\,U^\mathsf{H} + v (I - U U^H)`.

    Parameters
    ----------
    eigenvalues : [rank], float
        Variances s along the eigenvectors.
    eigenvectors : [size, rank], complex
        Orthonormal columns U.
    remainder
        Variance v of all other directions; 0 where there are none.
    """

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    remainder: float = 0.0

    @property
    def excess(self) -> np.ndarray:
        """Variances above the remainder: R = U diag(excess) U^H + v I."""
        return self.eigenvalues - self.remainder

    def times(self, B: np.ndarray) -> np.ndarray:
        """Return R B for B : [size, n]."""
        U = self.eigenvectors
        return U @ (self.excess[:, None] * (U.conj().T @ B)) + self.remainder * B

    def matrix(self) -> np.ndarray:
        """Return R, [size, size]."""
        return self.times(np.eye(len(self.eigenvectors)))

    def diagonal(self) -> np.ndarray:
        """Return the variance of each entry, [size]."""
        return np.abs(self.eigenvectors) ** 2 @ self.excess + self.remainder

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw [n, size] from CN(0, R)."""
        size, rank = self.eigenvectors.shape
        h = _normal(rng, n, rank) * np.sqrt(self.excess) @ self.eigenvectors.T
        if rank < size:
            h = h + np.sqrt(self.remainder) * _normal(rng, n, size)
        return h


@dataclass(frozen=True)
class Mixture:
    """Weights and covariances of a zero-mean mixture.

    Parameters
    ----------
    log_weights : [num_components], float
        Logarithm of the weights.
    eigenvalues : [num_components, rank], float
        Variances s_k along the eigenvectors, all positive.
    eigenvectors : [num_components or 1, size, rank], complex64
        Columns are eigenvectors; one matrix where all components share it.
    remainder : [num_components], float, or None
        Variance of the directions beyond the eigenvectors, where there are any.
    spectra : [num_components, extended size], float, or None
        Of Toeplitz covariances: what they are made of, see
        :mod:`commgen.generative.mixture.toeplitz`.
    """

    log_weights: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    remainder: np.ndarray | None = None
    spectra: np.ndarray | None = None

    def component(self, k: int) -> Component:
        """Return covariance number k, in double precision."""
        U = self.eigenvectors[min(k, len(self.eigenvectors) - 1)]
        rest = 0.0 if self.remainder is None else float(self.remainder[k])
        return Component(
            self.eigenvalues[k].astype(np.float64), U.astype(np.complex128), rest
        )

    @classmethod
    def of(cls, log_weights, components, spectra=None) -> "Mixture":
        """Return the mixture of some components, and of their spectra or Nones."""
        if spectra is not None:
            spectra = None if spectra[0] is None else np.stack(spectra)
        return cls(
            log_weights,
            np.stack([c.eigenvalues for c in components]),
            np.stack([c.eigenvectors for c in components]),
            np.array([c.remainder for c in components]),
            spectra,
        )

    def plus(self, no: float, floor: float = 0.0) -> "Mixture":
        """Return the mixture with ``no`` more variance in all directions."""
        rest = self.remainder
        return replace(
            self,
            eigenvalues=np.maximum(self.eigenvalues + no, floor),
            remainder=None if rest is None else np.maximum(rest + no, floor),
        )

    def log_joint(self, h: np.ndarray) -> np.ndarray:
        """Return log(w_k p(h | k)), [n, num_components], for h : [n, size]."""
        out = np.empty((len(h), len(self.log_weights)))
        shared = len(self.eigenvectors) == 1
        size, rank = self.eigenvectors.shape[1:]
        power = np.abs(h @ self.eigenvectors[0].conj()) ** 2 if shared else None
        remainder = self.remainder if rank < size else None
        total = np.sum(np.abs(h) ** 2, axis=1, dtype=np.float64)
        for k, s in enumerate(self.eigenvalues):
            if power is None:
                whiten = self.eigenvectors[k].conj() / np.sqrt(s).astype(np.float32)
                z = h @ whiten
                whitened = z.real**2 + z.imag**2
                distance = np.sum(whitened, axis=1)
            else:
                whitened = power
                distance = power @ (1 / s)
            out[:, k] = self.log_weights[k] - np.sum(np.log(np.pi * s)) - distance
            if remainder is not None:
                # Woodbury: what the eigenvectors do not explain is white.
                along = whitened @ s if power is None else power.sum(axis=1)
                rest = np.maximum(total - along, 0) / remainder[k]
                out[:, k] -= (size - rank) * np.log(np.pi * remainder[k]) + rest
        return out


@dataclass(frozen=True)
class Scatter:
    r"""A sum of outer products, :math:`\sum_i w_i x_i x_i^\mathsf{H} + E + d I`.

    Parameters
    ----------
    rows : [n, size], complex
        Vectors x.
    weights : [n], float
        Their weights w.
    count
        How many channels the sum is over.
    extra : [size, size], complex, or None
        Part E, Hermitian and positive semidefinite.
    shift
        Part d.
    """

    rows: np.ndarray
    weights: np.ndarray
    count: float
    extra: np.ndarray | None = None
    shift: float = field(default=0.0)

    def plus(self, component: Component, strength: float) -> "Scatter":
        """Return the sum with ``strength`` channels' worth of a covariance."""
        U = component.eigenvectors
        return replace(
            self,
            rows=np.concatenate([self.rows, U.T.astype(self.rows.dtype)]),
            weights=np.concatenate([self.weights, strength * component.excess]),
            count=self.count + strength,
            shift=self.shift + strength * component.remainder,
        )

    def matrix(self) -> np.ndarray:
        """Return the sum, [size, size]."""
        total = (self.rows * self.weights[:, None]).T @ self.rows.conj()
        if self.extra is not None:
            total = total + self.extra
        if self.shift:
            total = total + self.shift * np.eye(len(total))
        return total

    def trace(self) -> float:
        """Return the trace of the sum."""
        power = np.sum(np.abs(self.rows) ** 2, axis=1, dtype=np.float64)
        total = power @ self.weights + self.shift * self.rows.shape[1]
        return float(total + (0 if self.extra is None else np.trace(self.extra).real))

    def powers(self, basis: np.ndarray) -> np.ndarray:
        """Return the diagonal of B^H (sum) B, [m], for an orthonormal B : [size, m]."""
        out = self.weights @ np.abs(self.rows @ basis.conj()) ** 2 + self.shift
        if self.extra is not None:
            out = out + np.sum(basis.conj() * (self.extra @ basis), axis=0).real
        return out

    def principal(self, rank: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the ``rank`` largest eigenvalues, ascending, and eigenvectors.

        Where there are fewer rows than entries their Gram matrix is decomposed.
        """
        n, size = self.rows.shape
        if self.extra is not None or n >= size:
            values, vectors = _largest(self.matrix(), rank)
            return values, vectors
        B = (self.rows * np.sqrt(self.weights)[:, None]).T
        values, v = _largest(B.conj().T @ B, min(rank, n))
        if n < rank:
            values = np.concatenate([np.zeros(rank - n), values])
            v = np.concatenate([np.zeros((n, rank - n)), v], axis=1)
        # QR also fills in directions that the rows do not reach; the largest first,
        # so that those of no power yield.
        u, r = np.linalg.qr((B @ v)[:, ::-1])
        lengths = np.abs(np.diag(r))[::-1] ** 2
        return lengths + self.shift, np.ascontiguousarray(u[:, ::-1])


def _largest(matrix, rank):
    n = len(matrix)
    if n <= _DENSE or 4 * rank > n:
        return eigh(matrix, subset_by_index=(n - rank, n - 1))
    start = np.random.default_rng(0).normal(size=n).astype(matrix.dtype)
    values, vectors = eigsh(matrix, k=rank, which="LA", v0=start)
    order = np.argsort(values)
    return values[order], vectors[:, order]


def _normal(rng, *shape):
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)) * 0.5**0.5
