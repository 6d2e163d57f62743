"""A toy set whose answers are known."""

import numpy as np
import pytest

from commgen.datasets import ChannelMeta
from commgen.datasets.events import Events
from commgen.studies.sets import StudySet

META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=15e3)


def normal(rng, shape):
    return rng.normal(size=(*shape, 2)) @ [1, 1j] / 2**0.5


def two_kinds(rng, n, size=8):
    """In line of sight one constant beam, else noise over all of them."""
    los = rng.random(n) < 0.5
    beam = np.fft.ifft(np.eye(size), norm="ortho")[2] * size**0.5
    turned = beam * np.exp(2j * np.pi * rng.random((n, 1)))
    h = np.where(los[:, None], turned, normal(rng, (n, size)))
    return Events(h.astype(np.complex64), ("rx",), META, {"los": los})


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    rng = np.random.default_rng(1)
    parts = [two_kinds(rng, n) for n in (400, 60, 300)]
    path = tmp_path_factory.mktemp("set") / "train.h5"
    return StudySet("toy", ("rx",), *parts, None, ("phase",), (), path)
