"""Configurations: what they refuse, and that they survive a round trip."""

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from commgen.channels import (
    RECIPES,
    ArrayConfig,
    CdlConfig,
    GridConfig,
    RayleighConfig,
    RmaConfig,
    TdlConfig,
    UmaConfig,
    UmiConfig,
    build_channel,
    parse_channel_config,
)

TDL = {"scenario": "tdl", "carrier_hz": 3.5e9, "delay_spread_s": 1e-7}
CDL = {"scenario": "cdl", "carrier_hz": 3.5e9, "delay_spread_s": 1e-7}
UMI = {
    "scenario": "umi",
    "carrier_hz": 3.5e9,
    "distance_min_m": 50.0,
    "distance_max_m": 200.0,
}
UMA = {**UMI, "scenario": "uma"}
RMA = {**UMI, "scenario": "rma"}
RAYLEIGH = {"scenario": "rayleigh"}


@pytest.mark.parametrize(
    ("values", "family"),
    [
        (TDL, TdlConfig),
        (CDL, CdlConfig),
        (UMI, UmiConfig),
        (UMA, UmaConfig),
        (RMA, RmaConfig),
        (RAYLEIGH, RayleighConfig),
    ],
)
def test_scenario_chooses_and_json_returns(values, family):
    config = parse_channel_config(values)
    assert type(config) is family
    assert parse_channel_config(config.model_dump(mode="json")) == config
    with pytest.raises(ValidationError, match="frozen"):
        config.scenario = "other"


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_round_trip(name):
    recipe = RECIPES[name]
    assert parse_channel_config(recipe.model_dump(mode="json")) == recipe


@given(
    values=st.sampled_from([TDL, CDL, UMI, UMA, RMA, RAYLEIGH]),
    key=st.text(st.characters(categories=["Ll"]), min_size=1, max_size=12),
)
def test_an_unknown_key_is_refused_with_its_path(values, key):
    if key in type(parse_channel_config(values)).model_fields:
        return
    with pytest.raises(ValidationError) as info:
        parse_channel_config({**values, key: 1})
    (error,) = info.value.errors()
    assert error["loc"] == (values["scenario"], key)
    assert error["type"] == "extra_forbidden"


def test_an_unknown_key_of_an_array_is_refused_with_its_path():
    with pytest.raises(ValidationError) as info:
        parse_channel_config({**UMI, "bs_array": {"cols": 4}})
    assert info.value.errors()[0]["loc"] == ("umi", "bs_array", "cols")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scenario": "umx"}, "does not match any of the expected tags"),
        ({**TDL, "carrier_hz": -1}, "greater than 0"),
        ({**TDL, "carrier_hz": float("nan")}, "finite number"),
        ({**TDL, "carrier_hz": float("inf")}, "finite number"),
        ({**TDL, "model": "F"}, "Input should be 'A', 'B'"),
        ({**TDL, "model": []}, "at least 1 item"),
        ({**TDL, "num_rx_ant": 0}, "greater than or equal to 1"),
        (
            {**TDL, "speed_min_m_s": 3, "speed_max_m_s": 1},
            "speed_min_m_s must be at most speed_max_m_s, got 3.0 > 1.0",
        ),
        (
            {**TDL, "delay_spread_min_s": 1e-8},
            "delay_spread_min_s and delay_spread_max_s must be given together",
        ),
        (
            {**TDL, "delay_spread_min_s": 1e-8, "delay_spread_max_s": 1e-7},
            "delay_spread_s must be left out where",
        ),
        (
            {
                **TDL,
                "delay_spread_s": None,
                "delay_spread_min_s": 1e-6,
                "delay_spread_max_s": 1e-7,
            },
            "delay_spread_min_s must be at most delay_spread_max_s",
        ),
        ({**TDL, "model": ["A", "A30"]}, "model must not mix A-E with A30"),
        ({**TDL, "model": "A30"}, "is fixed at 30, 100 and 300 ns"),
        ({**CDL, "model": "A30"}, "Input should be 'A', 'B'"),
        (
            {**UMI, "distance_min_m": 300.0},
            "distance_min_m must be at most distance_max_m, got 300.0 > 200.0",
        ),
        ({**UMI, "distance_min_m": 5.0}, "must lie in 10 to 5000 m"),
        ({**UMA, "distance_min_m": 20.0}, "must lie in 35 to 5000 m"),
        ({**RMA, "distance_max_m": 2e4}, "must lie in 35 to 10000 m"),
        (
            {**UMI, "azimuth_min_deg": 70.0},
            "azimuth_min_deg must be at most azimuth_max_deg",
        ),
        ({**UMI, "carrier_hz": 1e8}, "carrier_hz must lie in 5e.08 to 1e.11 Hz"),
        ({**RMA, "carrier_hz": 28e9}, "carrier_hz must lie in 5e.08 to 7e.09 Hz"),
        ({**UMI, "num_floors": 9}, "up to 25.5 m"),
        ({**RMA, "outdoor_height_m": 0.5}, "terminals must be 1 to 10 m high"),
        ({**UMI, "indoor_probability": 1.5}, "less than or equal to 1"),
        ({**UMI, "bs_array": {"polarisation": "X"}}, "'V', 'H', 'VH' or 'cross'"),
        ({**UMI, "speed_max_m_s": -1}, "greater than or equal to 0"),
        (
            {**UMI, "grid": {"num_time_steps": 2}},
            "time_step_s must be given for more than one time step",
        ),
    ],
)
def test_refusals(values, message):
    with pytest.raises(ValueError, match=message):
        parse_channel_config(values)


@pytest.mark.parametrize("scenario", ["tdl", "cdl", "umi", "uma", "rma", "rayleigh"])
def test_every_scenario_has_defaults(scenario):
    config = parse_channel_config({"scenario": scenario})
    assert config.num_rx_ant == config.num_tx_ant == 1
    if scenario in ("tdl", "cdl"):
        assert config.delay_spread_range_s == (100e-9, 100e-9)


def test_fixed_models_take_their_own_delay_spread():
    for value in (None, 30e-9):
        config = TdlConfig(model="A30", carrier_hz=1e9, delay_spread_s=value)
        assert config.model == ("A30",)


def test_antennas_follow_polarisation_and_direction():
    array = ArrayConfig(rows=2, columns=3, polarisation="cross")
    up = UmiConfig(bs_array=array, **{k: v for k, v in UMI.items() if k != "scenario"})
    down = up.model_copy(update={"direction": "downlink"})
    assert (up.num_rx_ant, up.num_tx_ant) == (12, 1)
    assert (down.num_rx_ant, down.num_tx_ant) == (1, 12)
    a, _ = build_channel(down, seed=0)(2, 1, 1.0)
    assert a.shape[:5] == (2, 1, 1, 1, 12)


def test_grid_of_one_step_needs_no_time_step():
    assert GridConfig().time_step_s is None


def test_build_refuses_what_is_no_configuration():
    with pytest.raises(TypeError, match="config must be a channel configuration"):
        build_channel({"scenario": "tdl"}, seed=0)
