"""The rows of the benchmark of families, without loading any of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """How a row of the benchmark is trained.

    Parameters
    ----------
    family
        As :func:`~commgen.generative.recipes.learn` takes it.
    options
        Its keywords that differ from the defaults.
    start_from
        Row whose model this one starts from, if that was trained.
    """

    family: Any
    options: dict[str, Any]
    start_from: str | None = None


RECIPES: dict[str, Recipe] = {
    "gmm": Recipe("gmm", {"num_components": 64}),
    "gmm-toeplitz": Recipe("gmm", {"num_components": 128, "covariance": "toeplitz"}),
    "gmm-circulant": Recipe("gmm", {"num_components": 128, "covariance": "circulant"}),
    "gmm-low-rank": Recipe("gmm", {"num_components": 64, "covariance": "low-rank"}),
    "vae": Recipe("vae", {}),
    "gm-vae": Recipe("gm-vae", {}),
    "wgan": Recipe("wgan", {}),
    "vae-gan": Recipe("vae-gan", {}),
    "coupling": Recipe("coupling", {}),
    "autoregressive": Recipe("autoregressive", {}),
    "diffusion": Recipe("diffusion", {}, "gmm-circulant"),
    "rectified-flow": Recipe("rectified-flow", {}, "gmm-circulant"),
}


def known_families(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the rows to train, in the order of the recipes.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    if names is None:
        return tuple(RECIPES)
    unknown = [name for name in names if name not in RECIPES]
    if unknown or not names:
        raise ValueError(f"families must be of {list(RECIPES)}, got {list(names)}.")
    return tuple(name for name in RECIPES if name in names)
