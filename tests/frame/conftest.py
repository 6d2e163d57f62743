"""The links of the simulator that frames are held to."""

import numpy as np
import pytest


@pytest.fixture
def simulated():
    """Return a function from a frame to its link and resource grid in ``phy``."""
    pytest.importorskip("sionna.phy", reason="Sionna is not installed")
    from commgen.phy import LinkConfig
    from commgen.phy.signal.grid import build_resource_grid

    def of(frame):
        link = LinkConfig(**frame.contract(), coderate=frame.coderate)
        return link, build_resource_grid(link)

    return of


@pytest.fixture
def as_simulated():
    """Return a function that lays grids [batch, T, F] out as ``phy`` takes them."""

    def of(y, frame):
        full = np.zeros((len(y), 1, 1, y.shape[1], frame.fft_size), np.complex64)
        shifted = (frame.subcarrier_index + frame.fft_size // 2) % frame.fft_size
        full[:, 0, 0][..., shifted] = y
        return full

    return of
