import copy
import re

import numpy as np
import pytest
import yaml
from hypothesis import given, settings, strategies as st

from commgen.montecarlo import SweepConfig
from commgen.phy import EXAMPLE_YAML, dump_config, load_config, parse_config

UMI = {
    "source": "3gpp",
    "scenario": "umi",
    "carrier_hz": 3.5e9,
    "bs_array": {"columns": 2},
    "distance_min_m": 10,
    "distance_max_m": 150,
}
RECORDED = {"source": "recorded", "path": "x.h5"}


def changed(values, path, value):
    values = copy.deepcopy(values)
    node = values
    for key in path[:-1]:
        node = node[key]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return values


FAULTS = [
    ("sweep.snr_step_db", -1, r"sweep\.snr_step_db: must be > 0, got -1"),
    ("sweep.snr_step_db", 0, r"sweep\.snr_step_db: must be > 0, got 0"),
    ("sweep.snr_step_db", 1e-6, r"sweep\.snr_step_db: must give at most 1000 points"),
    ("sweep.snr_step_db", float("nan"), r"sweep\.snr_step_db: must be finite, got nan"),
    ("sweep.snr_stop_db", float("inf"), r"sweep\.snr_stop_db: must be finite, got inf"),
    ("sweep.snr_stop_db", -7, r"sweep\.snr_stop_db: must be at least snr_start_db"),
    ("sweep.snr_start_db", True, r"sweep\.snr_start_db: must be a number, got True"),
    ("sweep.batch_size", 0, r"sweep\.batch_size: must be >= 1, got 0"),
    ("sweep.batch_size", 2.5, r"sweep\.batch_size: must be a whole number, got 2\.5"),
    ("sweep.max_num_block", 1, r"sweep\.max_num_block: is an unknown key, got 1"),
    ("sweep", ..., r"sweep: must be given"),
    ("seed", -1, r"seed: must be >= 0, got -1"),
    ("seed", ..., r"seed: must be given"),
    ("speed", 1, r"speed: is an unknown key, got 1"),
    ("channel.delay_spread_ns", 100, r"channel\.delay_spread_ns: is an unknown key"),
    ("channel.carrier_hz", -1, r"channel\.carrier_hz: must be > 0\.0, got -1"),
    ("channel.num_rx_ant", "two", r"channel\.num_rx_ant: .*got 'two'"),
    (
        "channel.scenario",
        "indoor",
        r"channel\.scenario: must be one of 'tdl', .*'indoor'",
    ),
    ("channel.scenario", ..., r"channel\.scenario: must be given"),
    ("channel.source", "file", r"channel\.source: must be one of 3gpp, recorded, gen"),
    ("channel.grid", {}, r"channel\.grid: must be left out, the link sets it"),
    ("channel.num_rx_ant", 3, r"link\.num_rx_ant: must equal the 3 receive antennas"),
    ("channel.num_tx_ant", 2, r"link\.num_streams: must equal the 2 transmit antennas"),
    ("channel", 3, r"channel\.source: must be one of"),
    ("link.fft_size", True, r"link\.fft_size: must be a number, got True"),
    ("link.fft_size", 5000, r"link\.fft_size: must be <= 4096, got 5000"),
    (
        "link.coderate",
        0.01,
        r"link\.coderate: must be in 0\.0293\.\.0\.9258.*, got 0\.01",
    ),
    ("link.coderate", 0.95, r"link\.coderate: must be in 0\.0293\.\.0\.9258"),
    (
        "link.num_bits_per_symbol",
        3,
        r"link\.num_bits_per_symbol: .*2, 4, 6 or 8, got 3",
    ),
    (
        "link.pilot_ofdm_symbol_indices",
        [2, 14],
        r"must lie in the slot, in 0\.\.13, got",
    ),
    ("link.pilot_ofdm_symbol_indices", [-1], r"indices\.0: must be >= 0, got -1"),
    ("link.pilot_ofdm_symbol_indices", [2, 2], r"must be distinct, got \[2, 2\]"),
    ("link.pilot_ofdm_symbol_indices", list(range(14)), r"must leave room for data"),
    ("link.pilot_subcarrier_step", 13, r"step: must be at most the 12 subcarriers"),
    ("link.num_guard_carriers", [6, 6], r"num_guard_carriers: must leave at least one"),
    ("link.num_guard_carriers", [1], r"link\.num_guard_carriers\.1: must be given"),
    (
        "link.cyclic_prefix_length",
        13,
        r"cyclic_prefix_length: must be at most fft_size",
    ),
    ("link.time_interpolation", "cubic", r"link\.time_interpolation: .*got 'cubic'"),
    ("link.num_ofdm_symbols", 1, r"link\.pilot_ofdm_symbol_indices: must lie in"),
    ("link.pilot_subcarrier_spacing", 2, r"link\.pilot_subcarrier_spacing: is an unkn"),
    ("estimators", [], r"estimators: .*at least 1 item"),
    ("estimators", [{"kind": "mmse"}], r"estimators\.0\.kind: must be one of 'ls'"),
    ("estimators", [{"name": "a"}], r"estimators\.0\.kind: must be given"),
    ("estimators", [{"kind": "ls", "name": "a,b"}], r"estimators\.0\.name: must match"),
    ("estimators", [{"kind": "ls"}] * 2, r"estimators: must have distinct names"),
    ("estimators", [{"kind": "ls", "event": "grid"}], r"0\.event: is an unknown key"),
    ("estimators", [{"kind": "lmmse"}], r"0\.model: must be given, or num_train"),
    ("estimators", [{"kind": "diffusion"}], r"estimators\.0\.model: must be given"),
    (
        "estimators",
        [{"kind": "gmm", "num_train_channels": 9}],
        r"0\.num_components: must be given where a gmm is fitted",
    ),
    (
        "estimators",
        [{"kind": "lmmse", "num_train_channels": 9, "model": "m"}],
        r"0\.model: must be given, or num_train_channels, and not both",
    ),
]


@pytest.mark.parametrize(("path", "value", "message"), FAULTS)
def test_refuses_with_the_path_and_the_rule(base, path, value, message):
    with pytest.raises(ValueError, match=message):
        parse_config(changed(base, path.split("."), value))


def test_says_every_fault_in_a_line_of_its_own(base):
    base["seed"], base["sweep"]["batch_size"] = -1, 0
    with pytest.raises(ValueError, match="seed") as caught:
        parse_config(base)
    assert len(str(caught.value).splitlines()) == 2


def test_too_small_slots_are_refused(base):
    base["link"].update(fft_size=1, num_ofdm_symbols=4, pilot_ofdm_symbol_indices=[0])
    with pytest.raises(ValueError, match="at least 12 information bits"):
        parse_config(base)


def test_streams_share_the_pilots_evenly(base):
    base["channel"]["num_tx_ant"] = base["link"]["num_streams"] = 3
    with pytest.raises(ValueError, match="must be a multiple of num_streams = 3"):
        parse_config(base)


@pytest.mark.parametrize(
    "change", [{"time_interpolation": "linear"}, {"pilot_subcarrier_step": 2}]
)
def test_grid_events_need_pilots_everywhere(base, change):
    base["link"].update(change)
    base["estimators"] = [{"kind": "diffusion", "model": "m", "event": "grid"}]
    with pytest.raises(ValueError, match=r"estimators\.0\.event: must be array unless"):
        parse_config(base)


def test_recordings_are_never_trained_on(base):
    base["channel"] = RECORDED
    base["estimators"] = [{"kind": "lmmse", "num_train_channels": 10}]
    with pytest.raises(
        ValueError, match=r"estimators\.0\.num_train_channels: must be l"
    ):
        parse_config(base)
    base["channel"] = {**RECORDED, "select": {"day": [3, 2]}}
    with pytest.raises(
        ValueError, match=r"channel\.select\.day: must be \[low, high\]"
    ):
        parse_config(base)


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_only_a_mapping_is_a_configuration(data):
    with pytest.raises(ValueError, match="must be a mapping of keys to values"):
        parse_config(data)


def test_configurations_are_frozen(base):
    config = parse_config(base)
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 2


@pytest.mark.parametrize(
    "channel",
    [
        UMI,
        {**RECORDED, "select": {"day": [25, 28]}},
        {"source": "generated", "model": "m", "layout": ["rx"]},
    ],
)
def test_round_trip_of_all_sources(base, channel):
    base["channel"] = channel
    config = parse_config(base)
    assert parse_config(yaml.safe_load(dump_config(config))) == config


db = st.floats(-85, 85)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 1),
    fft_size=st.integers(12, 300),
    coderate=st.floats(0.2, 0.92),
    start_db=db,
    span_db=st.floats(0, 60),
    step_db=st.floats(1, 50),
    num_components=st.integers(1, 64),
    batch_size=st.integers(1, 1000),
)
def test_round_trip_of_any_configuration(
    seed, fft_size, coderate, start_db, span_db, step_db, num_components, batch_size
):
    data = yaml.safe_load(EXAMPLE_YAML)
    data["seed"] = seed
    data["link"].update(fft_size=fft_size, coderate=coderate)
    data["estimators"][2]["num_components"] = num_components
    data["sweep"].update(
        snr_start_db=start_db,
        snr_stop_db=start_db + span_db,
        snr_step_db=step_db,
        batch_size=batch_size,
    )
    config = parse_config(data)
    again = parse_config(yaml.safe_load(dump_config(config)))
    assert again == config
    assert dump_config(again) == dump_config(config)
    snr_db = config.sweep.snr_db
    assert snr_db[0] == start_db
    assert snr_db[-1] <= config.sweep.snr_stop_db + 1e-6
    assert config.sweep.snr_stop_db - snr_db[-1] < step_db


@settings(max_examples=60, deadline=None)
@given(
    key=st.from_regex(r"\A[a-z_]{1,12}\Z"), where=st.sampled_from(["", "link", "sweep"])
)
def test_any_unknown_key_is_refused_by_its_path(key, where):
    data = yaml.safe_load(EXAMPLE_YAML)
    node = data[where] if where else data
    if key in node:
        return
    node[key] = 1
    path = f"{where}.{key}" if where else key
    with pytest.raises(
        ValueError, match=f"{re.escape(path)}: is an unknown key, got 1"
    ):
        parse_config(data)


def test_sweep_includes_the_last_snr():
    sweep = SweepConfig(
        snr_start_db=-0.3,
        snr_stop_db=0.3,
        snr_step_db=0.1,
        batch_size=1,
        max_num_blocks=1,
        target_block_errors=1,
    )
    np.testing.assert_allclose(sweep.snr_db, np.arange(-3, 4) / 10, atol=1e-12)


def test_files_are_read_with_paths_beside_them(tmp_path, base):
    base["channel"] = RECORDED
    base["estimators"] = [{"kind": "prior", "model": "models/a"}]
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump(base))
    config = load_config(file)
    assert config.channel.path == tmp_path / "x.h5"
    assert config.estimators[0].model == tmp_path / "models" / "a"


def test_yaml_numbers_without_a_point_are_numbers(tmp_path):
    """YAML 1.1 reads 3.5e9 as text; 1e-7 too."""
    file = tmp_path / "c.yaml"
    file.write_text(EXAMPLE_YAML.replace("carrier_hz: 3.5e9", "carrier_hz: 2e9"))
    assert load_config(file).channel.config.carrier_hz == 2e9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\nseed: 2\n", r"c\.yaml, line 2: the key 'seed' is given twice"),
        ("a: [1", r"c\.yaml is not valid YAML: while parsing"),
        ("", "must be a mapping of keys to values, got NoneType"),
        ("? [1, 2]\n: 3\n", r"c\.yaml is not valid YAML"),
        ("!!python/object:os.system {}", r"c\.yaml is not valid YAML"),
    ],
)
def test_bad_files_are_refused(tmp_path, text, message):
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_config(file)


def test_binary_and_missing_files_are_refused(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ValueError, match="is not a text file"):
        load_config(file)
    with pytest.raises(FileNotFoundError):
        load_config(tmp_path / "nowhere.yaml")


def test_batches_are_sized_to_memory_where_nobody_says(base):
    del base["sweep"]["batch_size"]
    config = parse_config(base)
    assert config.sweep.batch_size == 512
    assert parse_config(yaml.safe_load(dump_config(config))) == config
    base["link"]["fft_size"] = 1024
    size = parse_config(base).sweep.batch_size
    # 2 antennas, 14 symbols of 1024 subcarriers, 8 bytes each
    assert size == 32 * 2**20 // (8 * 2 * 14 * 1024)


def test_too_many_points_are_refused(base):
    base["sweep"]["snr_step_db"] = 0.05
    with pytest.raises(ValueError, match=r"at most 300 points .* got 602"):
        parse_config(base)
