"""Sionna's CDL with tables: the same numbers out of the same draws."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.channel import cir_to_ofdm_channel, subcarrier_frequencies
from sionna.phy.channel.tr38901 import CDL, PanelArray

from commgen.channels import CdlConfig, TdlConfig, build_channel
from commgen.channels.counter_random import CounterGenerator, sionna_draws_from
from commgen.channels.tabulated_cdl import TabulatedCDL

CARRIER_HZ = 3.5e9


def panel(rows, columns, polarisation="V", pattern="omni"):
    dual = polarisation in ("VH", "cross")
    return PanelArray(
        rows,
        columns,
        "dual" if dual else "single",
        polarisation,
        pattern,
        CARRIER_HZ,
    )


def draw(model, *, jit_compile=False):
    """Draw six channels at five times, from a generator that is always the same."""

    def call():
        with sionna_draws_from(CounterGenerator.from_seed(7, 3)):
            return model(6, 5, 1e3)

    if jit_compile:
        return tf.function(call, jit_compile=True, autograph=False)()
    return call()


@pytest.mark.parametrize(
    ("name", "direction", "ut", "bs", "speeds"),
    [
        ("A", "uplink", panel(1, 1), panel(2, 2), (0.0, 0.0)),
        ("B", "downlink", panel(1, 1, "VH"), panel(2, 1, "cross", "38.901"), (0, 30)),
        ("C", "uplink", panel(1, 2, "cross"), panel(1, 2, "VH"), (3.0, 3.0)),
        ("C", "uplink", panel(1, 1, "H"), panel(1, 1), (0.0, 0.0)),
        ("D", "uplink", panel(1, 2), panel(1, 2, "V", "38.901"), (10.0, 20.0)),
        ("E", "downlink", panel(1, 1, "cross"), panel(2, 2, "H"), (0.0, 0.0)),
    ],
)
def test_equals_sionna(name, direction, ut, bs, speeds):
    arguments = (name, 1e-7, CARRIER_HZ, ut, bs, direction)
    options = {"min_speed": speeds[0], "max_speed": speeds[1]}
    a_ref, tau_ref = draw(CDL(*arguments, **options))
    model = TabulatedCDL(*arguments, **options)
    assert model.is_static == (speeds[1] == 0)
    a, tau = draw(model)
    assert a.shape == a_ref.shape
    np.testing.assert_allclose(a, a_ref, atol=2e-5 * np.abs(a_ref).max())
    np.testing.assert_array_equal(tau, tau_ref)


def test_orientations_are_sionnas():
    """Both ends turned about all axes: fields mix, positions turn."""
    turned = {
        "ut_orientation": tf.constant([2.0, 0.3, -0.4]),
        "bs_orientation": tf.constant([-0.5, 0.2, 0.7]),
        "min_speed": 5.0,
    }
    arguments = ("D", 3e-7, CARRIER_HZ, panel(1, 2), panel(2, 2, "cross", "38.901"))
    a_ref, _ = draw(CDL(*arguments, "uplink", **turned))
    a, _ = draw(TabulatedCDL(*arguments, "uplink", **turned))
    np.testing.assert_allclose(a, a_ref, atol=2e-5 * np.abs(a_ref).max())


def test_compiled_equals_eager():
    model = TabulatedCDL(
        "D", 1e-7, CARRIER_HZ, panel(1, 1), panel(1, 4), "uplink", min_speed=3.0
    )
    for a, b in zip(draw(model), draw(model, jit_compile=True), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("config", [CdlConfig(model=("A", "D")), TdlConfig()])
def test_a_static_channel_is_computed_once_for_all_times(config):
    """Without speed the response is that of the coefficients at every time step."""
    responses, paths = (build_channel(config, seed=2) for _ in range(2))
    assert responses.is_static
    h = responses.frequency_response(4, 3, 1e3, 8, 30e3)
    a, tau = paths(4, 3, 1e3)
    expected = cir_to_ofdm_channel(subcarrier_frequencies(8, 30e3), a, tau)
    assert h.shape == expected.shape
    np.testing.assert_allclose(h, expected, atol=1e-5)
    moving = type(config)(model=config.model, speed_max_m_s=1.0)
    assert not build_channel(moving, seed=2).is_static
