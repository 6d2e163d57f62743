"""Each test here runs over all families."""

import shutil

import pytest

from commgen.generative import Prior
from commgen.generative.training import Keeper

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


@pytest.fixture
def cut_off(tmp_path, monkeypatch):
    """Train once; return the model, and the folder of a training that was cut off.

    One that is killed after an epoch leaves the checkpoint of that epoch, which is kept
    in passing.
    """

    def run(train, *, after):
        write, folder = Keeper._write, tmp_path / "cut_off"
        folder.mkdir()

        def keep(self, path):
            write(self, path)
            if len(self.history) == after:
                shutil.copy(path, folder)

        with monkeypatch.context() as patch:
            patch.setattr(Keeper, "_write", keep)
            model = train(tmp_path / "whole")
        assert [path.name for path in folder.iterdir()] == ["checkpoint.npz"]
        return model, folder

    return run
