"""A mixture of one Gaussian, from the sum of its channels' outer products."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from commgen.generative.additive import unpack_hermitian
from commgen.generative.mixture.em import Structure, maximisation, principal_part
from commgen.generative.mixture.parts import Mixture, Scatter
from commgen.generative.mixture.statistics import Statistics


def gaussian_of(total: Mapping[str, np.ndarray], structure: Structure) -> Mixture:
    """Return what a fit of one component gives, which leans on nothing.

    Parameters
    ----------
    total
        ``"count"``, of channels, and ``"outer"`` : [size, size], as
        :meth:`~commgen.generative.diffusion.preconditioner.GaussianPreconditioner.sums`
        has them, added over sets of channels.
    structure
        What the covariance may look like.
    """
    structure = replace(structure, strength=0.0)
    outer, count = unpack_hermitian(total["outer"]), float(total["count"])
    F = structure.fourier
    powers = np.sum(F.conj() * (outer @ F), axis=0).real[None]
    nothing = np.zeros((0, len(outer)), np.complex64), np.zeros(0, np.float32)
    scatter = Scatter(*nothing, count, outer)
    principal = None
    if structure.covariance == "low-rank":
        principal = principal_part(scatter, powers[0] / count, structure)
    sums = {
        "counts": np.array([count]),
        "powers": powers,
        "held": np.array([count]),
        "outer": np.asarray(total["outer"])[None],
    }
    return maximisation(Statistics.of(sums, principal), structure)
