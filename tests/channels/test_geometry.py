"""Where Sionna departs from TR 38.901: its number, ours, and the standard's."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from sionna.phy.channel.tr38901 import TDL

from commgen.channels import UMI64, RmaConfig, UmaConfig, UmiConfig, build_channel
from commgen.channels.corrected import (
    RAY_OFFSETS_DEG,
    corrected_model,
    environment_height,
)

LIGHT = 299792458.0
BOTH = pytest.mark.parametrize("corrected", [False, True])


def drawn(config, batch_size, seed=1):
    """Return the scenario behind a source after one draw."""
    source: Any = build_channel(config, seed=seed)
    source(batch_size, 1, 1.0)
    return source._model._scenario


def offsets(corrected):
    source: Any = build_channel(UmiConfig(corrected=corrected), seed=1)
    return source._model._ray_sampler._ray_offsets.numpy()


def test_the_ray_offset_of_sionna_and_of_the_standard():
    """Table 7.5-3: +-1.1481. The twenty offsets are symmetric."""
    theirs, ours = offsets(False), offsets(True)
    assert theirs[15] == pytest.approx(-0.1481)
    assert theirs.sum() == pytest.approx(1.0, abs=1e-5)
    assert ours[15] == pytest.approx(-1.1481)
    assert ours.sum() == pytest.approx(0.0, abs=1e-5)
    np.testing.assert_allclose(np.delete(ours, 15), np.delete(theirs, 15))
    # A cluster of spread 1 degree has that spread only with the right offset.
    assert np.std(ours) == pytest.approx(1.0, abs=1e-3)
    assert np.std(theirs) == pytest.approx(0.966, abs=1e-3)
    np.testing.assert_array_equal(ours, np.array(RAY_OFFSETS_DEG, np.float32))


@pytest.mark.parametrize(
    ("family", "depth"), [(UmiConfig, 25.0), (UmaConfig, 25.0), (RmaConfig, 10.0)]
)
def test_the_indoor_distance_of_sionna_and_of_the_standard(family, depth):
    """Section 7.4.3.1: the smaller of two uniform distances, of mean depth / 3."""
    inside = {}
    for corrected in (False, True):
        config = family(indoor_probability=1.0, corrected=corrected)
        scenario = drawn(config, 2000)
        inside[corrected] = scenario.distance_2d_in.numpy().ravel() / depth
        rest = scenario.distance_2d_in + scenario.distance_2d_out
        np.testing.assert_allclose(rest, scenario.distance_2d, rtol=1e-5)
    assert stats.kstest(inside[False], "uniform").pvalue > 1e-3
    assert stats.kstest(inside[True], stats.beta(1, 2).cdf).pvalue > 1e-3
    error = 4 * np.sqrt(1 / 18 / 2000)
    assert inside[True].mean() == pytest.approx(1 / 3, abs=error)
    assert inside[False].mean() == pytest.approx(1 / 2, abs=4 / np.sqrt(12 * 2000))
    outdoors = drawn(family(indoor_probability=0.0, corrected=True), 10)
    assert not outdoors.distance_2d_in.numpy().any()


def environment_heights(corrected):
    """Get the environment height back from the path loss beyond the breakpoint."""
    h_ut, h_bs, carrier = 22.5, 25.0, 0.5e9
    scenario = drawn(
        UmaConfig(
            carrier_hz=carrier, indoor_probability=0.0, outdoor_height_m=h_ut,
            distance_min_m=920.0, distance_max_m=1000.0, los=True,
            path_loss=True, corrected=corrected,
        ),
        3000,
    )  # fmt: skip
    distance = scenario.distance_3d.numpy().ravel().astype(float)
    loss = scenario.basic_pathloss.numpy().ravel().astype(float)
    common = 28 + 40 * np.log10(distance) + 20 * np.log10(0.5)
    breakpoint_squared = 10 ** ((common - loss) / 9) - (h_bs - h_ut) ** 2
    near = np.abs(common - 18 * np.log10(distance) - loss) < 1e-3
    product = np.sqrt(np.maximum(breakpoint_squared, 0)) * LIGHT / (4 * carrier)
    # (h_bs - h) (h_ut - h) = product
    middle, half = (h_bs + h_ut) / 2, (h_bs - h_ut) / 2
    return middle - np.sqrt(half**2 + product[~near]), near.mean()


def test_the_environment_height_of_sionna_and_of_the_standard():
    """Table 7.4.1-1, note 1: 1 m, else uniform over 12, 15, 18, 21 m for 22.5 m."""
    steps = np.array([12.0, 15.0, 18.0, 21.0])
    theirs, _ = environment_heights(False)
    off_step = np.abs(theirs[:, None] - steps).min(1)
    assert np.mean(off_step > 0.2) > 0.5
    ours, near = environment_heights(True)
    # Only with the lowest height, 1 m, lies the breakpoint farther away (3.4 km).
    c = 0.95**1.5 * 1.25 * 9.6**3 * np.exp(-960 / 150)
    assert near == pytest.approx(1 / (1 + c), abs=0.05)
    assert np.abs(ours[:, None] - steps).min(1).max() < 0.05
    counts = [np.sum(np.abs(ours - step) < 0.1) for step in steps]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_environment_height_is_drawn_as_the_note_says():
    u = tf.random.stateless_uniform([2, 200_000], (1, 2))
    for h_ut, distance in ((22.5, 150.0), (16.5, 300.0)):
        h_e = environment_height(distance, h_ut, u[0], u[1]).numpy()
        g = 1.25 * (distance / 100) ** 3 * np.exp(-distance / 150)
        p = 1 / (1 + ((h_ut - 13) / 10) ** 1.5 * g)
        assert np.mean(h_e == 1) == pytest.approx(p, abs=4 * np.sqrt(0.25 / 200_000))
        steps = np.arange(12, h_ut - 1.5 + 0.1, 3)
        assert set(h_e) == {1.0, *steps}
        counts = [np.sum(h_e == step) for step in steps]
        assert stats.chisquare(counts).pvalue > 1e-3
    for h_ut, distance in ((12.9, 300.0), (22.5, 17.0)):
        assert set(environment_height(distance, h_ut, u[0], u[1]).numpy()) == {1.0}
    assert set(environment_height(300.0, 13.2, u[0], u[1]).numpy()) <= {1.0, 12.0}


@BOTH
def test_the_path_loss_is_that_of_the_distance_through_the_air(corrected):
    """Table 7.4.1-1, UMi in line of sight: 10 m away and 8.5 m up."""
    config = UmiConfig(
        distance_min_m=10.0, distance_max_m=10.0, indoor_probability=0.0, los=True,
        path_loss=True, corrected=corrected,
    )  # fmt: skip
    loss = drawn(config, 3).basic_pathloss.numpy()
    distance = np.hypot(10, 8.5) if corrected else 10.0
    expected = 32.4 + 21 * np.log10(distance) + 20 * np.log10(3.5)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_the_macrocell_path_loss_is_that_of_the_table():
    """Table 7.4.1-1, UMa at 1.5 m, where the environment height is 1 m."""
    where = {"distance_min_m": 1000.0, "distance_max_m": 1000.0, "path_loss": True}
    config = UmaConfig(indoor_probability=0.0, corrected=True, los=False, **where)
    loss = drawn(config, 3).basic_pathloss.numpy()
    d_3d = np.hypot(1000, 23.5)
    breakpoint_m = 4 * 24 * 0.5 * 3.5e9 / LIGHT
    los = 28 + 40 * np.log10(d_3d) + 20 * np.log10(3.5)
    los -= 9 * np.log10(breakpoint_m**2 + 23.5**2)
    nlos = 13.54 + 39.08 * np.log10(d_3d) + 20 * np.log10(3.5)
    np.testing.assert_allclose(loss, max(los, nlos), rtol=1e-5)


def test_corrected_draws_repeat_and_have_unit_power():
    for family in (UmiConfig, UmaConfig, RmaConfig):
        a, _ = build_channel(family(corrected=True), seed=3)(300, 1, 1.0)
        again, _ = build_channel(family(corrected=True), seed=3)(300, 1, 1.0)
        np.testing.assert_array_equal(a, again)
        power = np.sum(np.abs(a.numpy()) ** 2, axis=(1, 2, 3, 4, 5, 6))
        assert power.mean() == pytest.approx(1, abs=4 * power.std() / np.sqrt(300))


@pytest.mark.parametrize("family", [UmiConfig, UmaConfig, RmaConfig])
def test_corrected_draws_are_the_same_in_a_graph(family):
    config = family(corrected=True, path_loss=True)
    a, tau = build_channel(config, seed=4)(20, 1, 1.0)
    source = build_channel(config, seed=4)
    graph = tf.function(lambda: source(20, 1, 1.0), autograph=False)
    a_graph, tau_graph = graph()
    scale = np.abs(a).max()
    np.testing.assert_allclose(a_graph, a, rtol=1e-3, atol=1e-4 * scale)
    np.testing.assert_allclose(tau_graph, tau, rtol=1e-4, atol=1e-11)


def test_published_recipes_keep_sionnas_geometry():
    assert not UMI64.corrected


def test_only_system_level_channels_can_be_corrected():
    with pytest.raises(TypeError, match="model must be Sionna's UMi, UMa or RMa"):
        corrected_model(TDL("A", 1e-7, 3.5e9))  # pyright: ignore[reportArgumentType]
