"""Mixtures over a whole slot, written in a few coefficients of time and frequency."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from commgen._checks import check_finite, check_int
from commgen._random import complex_normal

#: Share of the power that the common basis may leave out.
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class GridMixture:
    r"""Mixture over slots :math:`h = (B_t \otimes B_f)\,c + e` of one antenna pair.

    .. math:: c \mid k, \varphi \sim
              \mathcal{CN}(e^{j \varphi} a_k,\; M_k M_k^H), \qquad
              \varphi \sim \mathcal{U}(0, 2 \pi), \qquad
              e \sim \mathcal{CN}(0, \epsilon I)

    All components share the bases, so that a component costs as much as its
    coefficients. :math:`a_k` is a specular path, of which the amplitude is known and
    the phase is not (Rice fading); where it is zero the component is Gaussian.

    Parameters
    ----------
    time : [num_ofdm_symbols, num_time], complex
        :math:`B_t`, orthonormal columns.
    frequency : [num_effective_subcarriers, num_frequency], complex
        :math:`B_f`, orthonormal columns.
    weights : [num_components], float
        Above zero; scaled to unit sum.
    roots : [num_components, num_time * num_frequency, rank], complex
        :math:`M_k`, unused columns zero.
    specular : [num_components, num_time * num_frequency], complex
        :math:`a_k`.
    floor
        :math:`\epsilon`, above 0.

    Raises
    ------
    ValueError
        If shapes disagree, an entry is not finite, a weight is not above zero, a basis
        is not orthonormal, or the floor is not above zero.
    """

    time: np.ndarray
    frequency: np.ndarray
    weights: np.ndarray
    roots: np.ndarray
    specular: np.ndarray
    floor: float

    def __post_init__(self):
        size = self.time.shape[1] * self.frequency.shape[1]
        k = len(self.weights)
        if self.roots.ndim != 3 or self.roots.shape[:2] != (k, size):
            raise ValueError(
                f"roots must be [{k}, {size}, rank], as weights and bases, got "
                f"{self.roots.shape}."
            )
        if self.specular.shape != (k, size):
            raise ValueError(
                f"specular must be [{k}, {size}], got {self.specular.shape}."
            )
        for name in ("time", "frequency", "weights", "roots", "specular"):
            check_finite(name, getattr(self, name))
        for name in ("time", "frequency"):
            basis = getattr(self, name)
            gram = basis.conj().T @ basis
            if np.abs(gram - np.eye(len(gram))).max() > 1e-4:
                raise ValueError(f"{name} must have orthonormal columns.")
        if self.weights.ndim != 1 or self.weights.min() <= 0:
            raise ValueError(f"weights must be above 0, got {self.weights}.")
        if not np.isfinite(self.floor) or self.floor <= 0:
            raise ValueError(f"floor must be finite and above 0, got {self.floor}.")
        object.__setattr__(self, "weights", self.weights / self.weights.sum())

    @property
    def event_shape(self) -> tuple[int, int]:
        """OFDM symbols and effective subcarriers."""
        return len(self.time), len(self.frequency)

    @property
    def num_components(self) -> int:
        """Components."""
        return len(self.weights)

    @property
    def log_weights(self) -> np.ndarray:
        """Logarithm of the weights, [num_components]."""
        return np.log(self.weights)

    @property
    def has_specular(self) -> bool:
        """Whether a component has a specular path."""
        return bool(np.any(self.specular))

    @classmethod
    def of(
        cls,
        time: np.ndarray,
        frequency: np.ndarray,
        weights,
        covariances: list[np.ndarray],
        specular: np.ndarray | None = None,
        *,
        floor: float = TOLERANCE,
    ) -> "GridMixture":
        """Take each component's covariance [size, size] of the coefficients.

        Directions with less than ``floor`` / 10 of variance are left to the floor.
        """
        weights = np.asarray(weights, float)
        found = [_root(R, floor / 10) for R in covariances]
        rank = max(1, *(root.shape[1] for root in found))
        size = time.shape[1] * frequency.shape[1]
        roots = np.zeros((len(found), size, rank), complex)
        for k, root in enumerate(found):
            roots[k, :, : root.shape[1]] = root
        if specular is None:
            specular = np.zeros((len(found), size), complex)
        return cls(time, frequency, weights, roots, specular, floor)

    @classmethod
    def from_mixture(cls, prior: Any, *, tolerance: float = 1e-5) -> "GridMixture":
        """Take a fitted Gaussian mixture over [num_ofdm_symbols, num_subcarriers].

        Parameters
        ----------
        prior : GaussianMixture
            Of any covariance. The coefficients are those of the principal directions
            of time and of frequency. The mean power of what these leave out, and of the
            white part of a low-rank covariance, becomes the floor.
        tolerance
            Share of the power that each of the two bases may leave out.

        Raises
        ------
        TypeError
            If ``prior`` is not a mixture.
        ValueError
            If its event has not two axes.
        """
        shape = getattr(prior, "event_shape", None)
        if shape is None or not hasattr(prior, "mixture"):
            raise TypeError(f"prior must be a GaussianMixture, got {type(prior)}.")
        if len(shape) != 2:
            raise ValueError(
                "prior must have the event_shape [num_ofdm_symbols, "
                f"num_effective_subcarriers], got {tuple(shape)}."
            )
        mixture = prior.mixture
        weights = np.exp(np.asarray(mixture.log_weights, float))
        if mixture.remainder is not None:
            # What differs between the components' white parts is left out.
            white = float(weights @ mixture.remainder / weights.sum())
        else:
            white = 0.0
        parts = [mixture.component(k) for k in range(len(weights))]
        parts = [(c.eigenvectors * c.excess) @ c.eigenvectors.conj().T for c in parts]
        mean = sum(w * R for w, R in zip(weights, parts, strict=True))
        bases = principal_bases(np.asarray(mean).reshape(*shape, *shape), tolerance)
        B = np.kron(*bases)
        inside = [B.conj().T @ R @ B for R in parts]
        power = float(np.trace(mean).real)
        held = sum(w * np.trace(R).real for w, R in zip(weights, inside, strict=True))
        left = max(power - float(held), TOLERANCE * power) / len(B)
        chosen = [R for R, w in zip(inside, weights, strict=True) if w > 0]
        return cls.of(*bases, weights[weights > 0], chosen, floor=white + left)

    def reweighted(self, weights, *, least: float = 0.0) -> "GridMixture":
        """Return the mixture with other weights, components under ``least`` left out.

        Raises
        ------
        ValueError
            If ``weights`` is not [num_components], or none is above ``least``.
        """
        weights = np.asarray(weights, float)
        if weights.shape != self.weights.shape:
            raise ValueError(
                f"weights must be [{len(self.weights)}], got {weights.shape}."
            )
        keep = weights > least
        if not keep.any():
            raise ValueError(
                f"least must be below the largest weight, {weights.max()}, got {least}."
            )
        return replace(
            self,
            weights=weights[keep],
            roots=self.roots[keep],
            specular=self.specular[keep],
        )

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        """Draw ``n`` slots; one seed, one draw.

        Returns
        -------
        [n, num_ofdm_symbols, num_effective_subcarriers], complex64
        """
        n = check_int("n", n, low=1)
        rng = np.random.default_rng(seed)
        k = rng.choice(self.num_components, n, p=self.weights)
        phase = np.exp(2j * np.pi * rng.random(n))
        inner = complex_normal(rng, (n, self.roots.shape[2]))
        c = phase[:, None] * self.specular[k]
        for one in np.unique(k):
            c[k == one] += inner[k == one] @ self.roots[one].T
        c = c.reshape(n, self.time.shape[1], self.frequency.shape[1])
        h = self.time @ c @ self.frequency.T
        white = complex_normal(rng, h.shape)
        return (h + np.sqrt(self.floor) * white).astype(np.complex64)


def principal_bases(covariance: np.ndarray, tolerance: float):
    """Return orthonormal bases of time and frequency.

    Parameters
    ----------
    covariance : [T, F, T, F], complex
        Of the slots.
    tolerance
        Share of the power that each may leave out.

    Returns
    -------
    time : [T, num_time], complex
    frequency : [F, num_frequency], complex
    """
    time = np.einsum("tfsf->ts", covariance)
    frequency = np.einsum("tftg->fg", covariance)
    return principal(time, tolerance), principal(frequency, tolerance)


def principal(matrix: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the eigenvectors that hold all but ``tolerance`` of the trace."""
    values, vectors = np.linalg.eigh((matrix + matrix.conj().T) / 2)
    left_out = np.cumsum(np.maximum(values, 0)) <= tolerance * np.sum(values)
    left_out[-1] = False
    return vectors[:, ~left_out]


def _root(matrix, least) -> np.ndarray:
    """Return M with M M^H = matrix, eigenvalues under ``least`` left out."""
    values, vectors = np.linalg.eigh((matrix + matrix.conj().T) / 2)
    keep = values > least
    return vectors[:, keep] * np.sqrt(values[keep])
