"""From channel files to what models learn, and back."""

import numpy as np
import pytest

from commgen.datasets import ChannelMeta, write_channels
from commgen.datasets.events import event_layout, load_events, to_array

META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=1.0, time_step_s=1.0)


@pytest.fixture
def write(tmp_path, complex_normal):
    def run(shape, scale=1.0):
        h = complex_normal(60, *shape) * np.float32(scale)
        write_channels(tmp_path / "h.h5", h, META, {"day": np.arange(60)})
        return tmp_path / "h.h5", h

    return run


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((64, 1, 1, 1), ("rx",)),
        ((3, 2, 1, 5), ("rx", "tx", "subcarrier")),
        ((1, 1, 4, 1), ("time",)),
        ((1, 1, 1, 1), ("subcarrier",)),
        ((2, 3, 4, 5), ("rx", "tx", "time", "subcarrier")),
    ],
)
def test_axes_of_one_entry_go_and_come_back(write, shape, layout):
    path, h = write(shape)
    events = load_events(path)
    assert events.layout == event_layout(h.shape) == layout
    assert events.h.shape[1:] == (tuple(n for n in shape if n > 1) or (1,))
    assert events.labels["day"][7] == 7
    np.testing.assert_array_equal(to_array(events.h, events.layout), h)


@pytest.mark.parametrize("scale", [1e-6, 0.5, 3.0])
def test_power_far_from_one_is_refused(write, scale):
    path, _ = write((4, 1, 1, 8), scale)
    with pytest.raises(ValueError, match=r"mean power \|h\|\^2 between 0\.5 and 2\.0"):
        load_events(path)


@pytest.mark.parametrize("layout", [("rx", "tx"), ("beam",), ()])
def test_layout_names_each_axis(layout):
    with pytest.raises(ValueError, match=r"layout must name the 1 axes of an event"):
        to_array(np.ones((2, 3)), layout)
