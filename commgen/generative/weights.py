"""Names of a model's weights that hold in every process."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def weight_names(model: Any) -> dict[str, Any]:
    """Return name to weight, in the order of ``model.weights``.

    A name is the path that Keras gives, without the numbers in it, which count the
    layers that a process made before. Where several have one name they are counted in
    the order of the model: ``residual_mlp/dense/kernel``, ``residual_mlp/dense/kernel
    2``. Integer states of random numbers are no weights.
    """
    seen: Counter[str] = Counter()
    names = {}
    for weight in model.weights:
        path = "/".join(re.sub(r"_\d+$", "", part) for part in weight.path.split("/"))
        seen[path] += 1
        names[path if seen[path] == 1 else f"{path} {seen[path]}"] = weight
    return names


def values(weights: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return copies of weights, or of whatever holds an array."""
    return {name: np.array(weight) for name, weight in weights.items()}


def assign(
    weights: Mapping[str, Any], arrays: Mapping[str, np.ndarray], what: str
) -> None:
    """Give weights new values, all or some of them.

    Parameters
    ----------
    weights
        Name to variable.
    arrays
        Name to value.
    what
        What they are, for errors.

    Raises
    ------
    ValueError
        If a name is unknown or a shape another one.
    """
    check_names(what, arrays, weights)
    for name, value in arrays.items():
        shape = tuple(weights[name].shape)
        if np.shape(value) != shape:
            raise ValueError(
                f"{what} {name!r} must be of shape {shape}, got {np.shape(value)}."
            )
    for name, value in arrays.items():
        weights[name].assign(value)


def check_names(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise ValueError for names that are not known."""
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"{what} must have names of this model, got {unknown[0]!r}.")
