"""One axis of an LMMSE interpolation, in the basis in which its filter is diagonal."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class AxisBasis:
    r"""Singular values of what is observed of a prior along one axis.

    The channel is :math:`h = G c` with :math:`c \sim \mathcal{CN}(0, I)`, and
    :math:`B c` is seen of it. With :math:`B = U S V^H` and :math:`K = G V` the LMMSE
    estimate from :math:`y = B c + n`, :math:`n \sim \mathcal{CN}(0, v I)`, is

    .. math:: \hat{h} = K \frac{S}{S^2 + v} U^H y, \qquad
              \mathrm{Var}[h - \hat{h}] = \sum_r |K_r|^2 \frac{v}{s_r^2 + v}

    for any :math:`v`, without another inverse (Kay, *Estimation Theory*, 1993, ch. 12;
    Edfors et al., IEEE Trans. Commun. 46(7), 1998).

    Parameters
    ----------
    observed : [num_observed, num_seen], complex
        :math:`U`.
    singular : [rank], float
        :math:`S`, descending; zero for what is not seen.
    spread : [num_targets, rank] each, complex
        :math:`K` of one or more channels.
    """

    observed: np.ndarray
    singular: np.ndarray
    spread: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, observed: np.ndarray, targets: list[np.ndarray]) -> "AxisBasis":
        """Decompose.

        Parameters
        ----------
        observed : [num_observed, rank]
            :math:`B`.
        targets : [num_targets, rank] each
            :math:`G` of one or more channels that share :math:`c`.
        """
        # All of V is needed, of U only what is seen.
        wide = observed.shape[0] < observed.shape[1]
        u, s, vh = np.linalg.svd(observed, full_matrices=wide)
        v = vh.conj().T
        singular = np.zeros(observed.shape[1])
        singular[: len(s)] = s
        return cls(u[:, : len(s)], singular, tuple(G @ v for G in targets))

    @property
    def num_seen(self) -> int:
        """Directions that are seen at all."""
        return self.observed.shape[1]

    @property
    def powers(self) -> tuple[np.ndarray, ...]:
        """Share of each direction in each target, |K|^2."""
        return tuple(np.abs(K) ** 2 for K in self.spread)
