"""The links of the simulator that frames are held to."""

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
