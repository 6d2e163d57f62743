"""What the covariances of a mixture are fitted to: sums over channels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from commgen._memory import check_memory
from commgen.generative.additive import pack_hermitian, unpack_hermitian
from commgen.generative.mixture.parts import Component, Scatter

#: Least variance of a direction, against the mean power.
RELATIVE_FLOOR = 1e-6
# Arrays of the size of a sum of outer products that are held while it is made.
_COPIES = 3


@dataclass(frozen=True)
class Statistics:
    """What the covariances of a mixture are fitted to.

    Parameters
    ----------
    counts : [num_components], float
        Channels that each component holds.
    scatter
        Number of a component to its :class:`Scatter`.
    powers : [num_components, size], float
        Sums of the power along the Fourier vectors.
    overall
        Mean covariance of all channels, as the diagonal in the Fourier domain, [size].
    principal
        The same as a low-rank covariance, where the structure is one.
    """

    counts: np.ndarray
    scatter: Callable[[int], Scatter]
    powers: np.ndarray
    overall: np.ndarray
    principal: Component | None = None

    @property
    def floor(self) -> float:
        """Least variance of a direction: 1e-6 of the mean power."""
        return float(RELATIVE_FLOOR * self.overall.mean())

    def sums(self, *, scatter: bool = True) -> dict[str, np.ndarray]:
        """Return real arrays, which add over sets of channels.

        Parameters
        ----------
        scatter
            Whether the structure asks for more than powers: a circulant one does not.

        Returns
        -------
        dict
            ``"counts"`` : [num_components] and ``"powers"`` : [num_components, size] in
            double precision; with scatter ``"held"`` : [num_components], the channels
            in each, and ``"outer"`` : [num_components, size, size], of
            :func:`~commgen.generative.additive.pack_hermitian`.

        Raises
        ------
        ValueError
            If the sums of outer products do not fit in memory.
        """
        found = {
            "counts": self.counts.astype(np.float64),
            "powers": self.powers.astype(np.float64),
        }
        if scatter:
            K, size = self.powers.shape
            check_memory("num_components", K, (_COPIES, K, size, size), np.complex64)
            parts = [self.scatter(k) for k in range(K)]
            found["held"] = np.array([part.count for part in parts], np.float64)
            found["outer"] = np.stack([pack_hermitian(p.matrix()) for p in parts])
        return found

    @classmethod
    def of(
        cls, total: Mapping[str, np.ndarray], principal: Component | None = None
    ) -> "Statistics":
        """Undo :meth:`sums`, of sets that were added.

        Parameters
        ----------
        total
            Name to sum.
        principal
            As above.
        """
        counts, powers = np.asarray(total["counts"]), np.asarray(total["powers"])
        size = powers.shape[1]

        def scatter(k):
            nothing = np.zeros((0, size), np.complex64), np.zeros(0, np.float32)
            extra = unpack_hermitian(total["outer"][k])
            return Scatter(*nothing, float(total["held"][k]), extra)

        overall = powers.sum(axis=0) / counts.sum()
        return cls(counts, scatter, powers, overall, principal)
