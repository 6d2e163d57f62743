"""How a mixture, and what structure it has, travel in a task."""

from collections.abc import Callable, Mapping

import numpy as np

from commgen.federated.tasks import Value, What
from commgen.generative.mixture.em import Structure
from commgen.generative.mixture.parts import Mixture

#: Asks all nodes for sums: ``ask(what, arrays, settings) -> total``, name to sum over
#: all channels, without ``sums/`` before the name.
Ask = Callable[
    [What, Mapping[str, np.ndarray], Mapping[str, Value]], dict[str, np.ndarray]
]
_WEIGHTS = "weights/"


def mixture_arrays(mixture: Mixture) -> dict[str, np.ndarray]:
    """Return a mixture as real arrays, ``weights/NAME``."""
    vectors = mixture.eigenvectors
    arrays = {
        "log_weights": mixture.log_weights,
        "eigenvalues": mixture.eigenvalues,
        "eigenvectors": np.stack([vectors.real, vectors.imag], axis=-1),
        "remainder": mixture.remainder,
        "spectra": mixture.spectra,
    }
    return {_WEIGHTS + k: np.asarray(v) for k, v in arrays.items() if v is not None}


def mixture_of(arrays: Mapping[str, np.ndarray]) -> Mixture:
    """Undo :func:`mixture_arrays`."""
    pairs = arrays[_WEIGHTS + "eigenvectors"]
    return Mixture(
        arrays[_WEIGHTS + "log_weights"],
        arrays[_WEIGHTS + "eigenvalues"],
        pairs[..., 0] + 1j * pairs[..., 1],
        arrays.get(_WEIGHTS + "remainder"),
        arrays.get(_WEIGHTS + "spectra"),
    )


def structure_settings(structure: Structure) -> dict[str, Value]:
    """Return what a node needs to know of a structure."""
    return {"covariance": structure.covariance, "rank": structure.rank}


def structure_of(
    settings: Mapping[str, Value], event_shape: tuple[int, ...]
) -> Structure:
    """Undo :func:`structure_settings`; only the server leans on anything."""
    covariance, rank = str(settings["covariance"]), int(settings["rank"])
    return Structure(covariance, event_shape, strength=0.0, rank=rank)
