"""What pilots see of a mixture over a slot, in the basis in which noise is diagonal."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from commgen.frame.slot_mixture import GridMixture

#: Least noise that responsibilities are reckoned with: single precision ends there.
LEAST_NOISE = 3e-5


@dataclass(frozen=True, eq=False)
class SlotObservation:
    r"""Decomposition of a mixture's components as pilots see them.

    Of component k the pilots see :math:`A B M_k = U S V^H`. In that basis noise is a
    diagonal: with :math:`z = U^H y` and :math:`v = N_0 + \epsilon`

    .. math::
        \log p(y \mid k) &= -\sum_r \Big(\log(s_r^2 + v)
            + \frac{|z_r|^2}{s_r^2 + v}\Big) + \dots \\
        \mathrm{E}[c \mid y, k] &= M_k V \frac{S}{S^2 + v} z

    (Koller et al., IEEE Trans. Signal Process. 70, 2022, eqs. (8)-(10); Kay,
    *Estimation Theory*, 1993, ch. 12), for any noise without another inverse. A
    specular path of unknown phase :math:`\varphi`, seen as :math:`u = U^H A B a_k`,
    adds with :math:`\kappa = 2 |u^H (S^2 + v)^{-1} z|`

    .. math:: \log I_0(\kappa) - u^H (S^2 + v)^{-1} u, \qquad
              \mathrm{E}[e^{j \varphi} \mid y, k] = \rho_k
              = \frac{I_1(\kappa)}{I_0(\kappa)} e^{j \angle u^H (S^2 + v)^{-1} z}

    (the phase is von Mises given y), and is taken out before the rest is filtered.

    Parameters
    ----------
    projection : [num_pilots, num_seen], complex
        Orthonormal basis of what the pilots can see at all.
    vectors : [K, num_seen, rank], complex
        :math:`U` in that basis.
    singular : [K, rank], float
        :math:`s`; zero where a component has less.
    spread : [K, num_streams, size, rank], complex
        :math:`M_k V`.
    line : [K, rank], complex
        :math:`u`.
    specular : [K, size], complex
        :math:`a_k`; zero where specular paths are taken as Gaussian.
    prior_power : [K, num_ofdm_symbols * num_effective_subcarriers], float32
        Variance of each element without pilots, but for the floor.
    gone : [num_streams, K, rank, num_ofdm_symbols * num_effective_subcarriers], float32
        What of it each direction takes with it once it is known.
    """

    projection: np.ndarray
    vectors: np.ndarray
    singular: np.ndarray
    spread: np.ndarray
    line: np.ndarray
    specular: np.ndarray
    prior_power: np.ndarray
    gone: np.ndarray

    @classmethod
    def of(cls, mixture: GridMixture, positions, factors=None) -> "SlotObservation":
        """Decompose.

        Parameters
        ----------
        mixture
            The prior of each stream at each antenna.
        positions : [num_pilots], int
            Where the pilots lie in the slot, symbols * num_effective_subcarriers + f.
        factors : [num_streams, num_pilots], complex
            What the pilots see is the sum over streams of factor times channel; one
            stream's factors are 1. Streams are independent given the component. The
            specular path of several streams is taken as Gaussian.
        """
        positions = np.asarray(positions)
        if factors is None:
            factors = np.ones((1, len(positions)))
        basis = np.kron(mixture.time, mixture.frequency)[positions]
        if len(factors) > 1 and mixture.has_specular:
            roots = np.concatenate([mixture.roots, mixture.specular[..., None]], axis=2)
            specular = np.zeros_like(mixture.specular)
        else:
            roots, specular = mixture.roots, mixture.specular
        matrices = [factor[:, None] * basis for factor in factors]
        projection = _span(matrices)
        matrices = [projection.conj().T @ matrix for matrix in matrices]
        found = _observe(matrices, roots, specular, mixture.floor / 100)
        prior = np.sum(_powers(mixture, roots.transpose(0, 2, 1)), axis=1)
        gone = _powers(mixture, found.spread.transpose(1, 0, 3, 2))
        return cls(projection, *found, specular, prior, gone)

    @property
    def has_line(self) -> bool:
        """Whether a component has a specular path."""
        return bool(np.any(self.specular))


class _Components(NamedTuple):
    """Of each component; see SlotObservation."""

    vectors: np.ndarray
    singular: np.ndarray
    spread: np.ndarray
    line: np.ndarray


def _powers(mixture: GridMixture, c: np.ndarray) -> np.ndarray:
    """Return |B c|^2 of c : [..., size], [..., T * F], float32."""
    B_t, B_f = (B.astype(np.complex64) for B in (mixture.time, mixture.frequency))
    lead, size_t = c.shape[:-1], B_t.shape[1]
    rows = c.astype(np.complex64).reshape(-1, B_f.shape[1]) @ B_f.T
    h = B_t @ rows.reshape(-1, size_t, len(B_f))
    return (h.real**2 + h.imag**2).reshape(*lead, -1)


def _span(matrices) -> np.ndarray:
    """Return an orthonormal basis of what the pilots can see, [num_pilots, n]."""
    u, s, _ = np.linalg.svd(np.hstack(matrices), full_matrices=False)
    return u[:, s > 1e-6 * s[0]]


def _observe(matrices, roots, specular, least) -> _Components:
    """Decompose what is seen of each component; powers under ``least`` are not."""
    found = []
    for M, a in zip(roots, specular, strict=True):
        seen = np.hstack([A @ M for A in matrices])
        U, s, vh = np.linalg.svd(seen, full_matrices=False)
        keep = s**2 > least
        U, s, V = U[:, keep], s[keep], vh[keep].conj().T
        spread = np.stack([M @ part for part in np.split(V, len(matrices))])
        line = matrices[0] @ a
        beyond = line - U @ (U.conj().T @ line)
        length = np.linalg.norm(beyond)
        if length > 1e-9:
            U = np.hstack([U, beyond[:, None] / length])
            s = np.append(s, 0.0)
            spread = np.concatenate([spread, np.zeros((*spread.shape[:2], 1))], axis=2)
        found.append(_Components(U, s, spread, U.conj().T @ line))
    rank = max(1, *(len(one.singular) for one in found))
    return _Components(
        *(
            np.stack([_padded(part, rank) for part in parts])
            for parts in zip(*found, strict=True)
        )
    )


def _padded(x, rank):
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, rank - x.shape[-1])])
