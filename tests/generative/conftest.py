"""Each test here runs over all families."""

import pytest

from commgen.generative import Prior

MIXTURES = ("full", "circulant", "toeplitz", "low-rank", "one")
FAMILIES = (
    *MIXTURES,
    "diffusion",
    "rectified-flow",
    "vae",
    "gm-vae",
    "wgan",
    "vae-gan",
    "coupling",
    "autoregressive",
    "separable",
)
PRIORS = (
    *MIXTURES,
    "diffusion",
    "rectified-flow",
    "vae",
    "gm-vae",
    "vae-gan",
    "separable",
)


@pytest.fixture(params=FAMILIES)
def model(request, fitted, families):
    """A fitted model of each family; do not fit it again."""
    assert set(FAMILIES) == set(families)
    return fitted(request.param)


@pytest.fixture(params=PRIORS)
def prior(request, fitted):
    """A fitted model of each family that estimates; do not fit it again."""
    assert isinstance(fitted(request.param), Prior)
    return fitted(request.param)
