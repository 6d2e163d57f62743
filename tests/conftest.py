"""What all tests share."""

import os
from pathlib import Path

import numpy as np
import pytest

# Before anything imports TensorFlow: silence its start-up log.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def data_root():
    """Return the folder of the measured sets, or skip where COMMGEN_DATA names none."""
    name = os.environ.get("COMMGEN_DATA", "")
    if not name:
        pytest.skip("COMMGEN_DATA is unset: the measured sets are not here")
    if not Path(name).is_dir():
        pytest.fail(f"COMMGEN_DATA must name a folder, got {name}")
    return Path(name)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def complex_normal(rng):
    """Draw CN(0, 1) numbers of a shape, complex64."""

    def draw(*shape):
        z = rng.normal(size=(2, *shape))
        return ((z[0] + 1j * z[1]) / np.sqrt(2)).astype(np.complex64)

    return draw
