"""The files that a run reads: recordings, saved models, and what becomes of them."""

import functools
import json

import h5py
import numpy as np
import pytest

from commgen.datasets import ChannelFile, ChannelMeta, write_channels
from commgen.datasets.channel_file import kinds_of
from commgen.generative import GaussianMixture
from commgen.montecarlo.campaign import load_run, resume
from commgen.phy import (
    LinkExperiment,
    parse_config,
    run_simulation as run_compiled,
)

run_simulation = functools.partial(run_compiled, progress=False, jit_compile=False)


class QuickLink(LinkExperiment):
    """A link that is not compiled."""

    @classmethod
    def parse(cls, data):
        return cls(parse_config(data), jit_compile=False)


@pytest.fixture
def recorded(base, tmp_path, complex_normal):
    """A simulation over recordings of three days; file and model beside it."""
    h = complex_normal(90, 2, 1, 1, 12)
    h /= np.sqrt(np.mean(np.abs(h) ** 2))
    meta = ChannelMeta(
        domain="frequency",
        carrier_hz=None,
        bandwidth_hz=12 * 30e3,
        subcarrier_spacing_hz=30e3,
        rx_antennas="two",
        tx_antennas="one",
        scenario="test",
        source="test",
        licence="none",
        normalisation="unit mean power",
        description="white",
    )
    labels = {"day": np.repeat([1, 2, 3], 30), "room": np.repeat(["a", "b", "c"], 30)}
    write_channels(tmp_path / "h.h5", h, meta, labels)
    GaussianMixture((2,), 1).fit(h[:, :, 0, 0, 0], seed=0).save(tmp_path / "lmmse")
    base["channel"] = {
        "source": "recorded",
        "path": str(tmp_path / "h.h5"),
        "select": {"day": [2, 3]},
    }
    base["estimators"] = [
        {"kind": "ls"},
        {"kind": "lmmse", "model": str(tmp_path / "lmmse")},
    ]
    base["sweep"].update(snr_start_db=0, snr_stop_db=0, batch_size=60)
    return base


def test_recorded_channels_with_a_saved_model(recorded, tmp_path, monkeypatch):
    from commgen.phy.simulation import estimators as priors

    loaded, load = [], priors._loaded
    monkeypatch.setattr(priors, "_loaded", lambda e: loaded.append(e.name) or load(e))
    config = parse_config(recorded)
    result = run_simulation(config, tmp_path / "run")
    assert loaded == ["lmmse"]  # once, for the check before and for the run
    ls, lmmse = result.rows
    # Averaged over the two pilot symbols: half the noise.
    assert ls["nmse_db"] == pytest.approx(-3.01, abs=0.5)
    assert lmmse["nmse_db"] < ls["nmse_db"] - 1
    inputs = json.loads((tmp_path / "run/card.json").read_text())["inputs"]
    assert [entry["path"] for entry in inputs] == ["../h.h5", "../lmmse"]
    (tmp_path / "lmmse/card.json").write_text("{}")
    with pytest.raises(ValueError, match="lmmse has changed since the run"):
        run_simulation(config, tmp_path / "run")


def test_a_run_moves_with_its_inputs_and_knows_them_by_content(
    recorded, tmp_path, monkeypatch, stopped
):
    """Made anew they are the same, whatever the times in their files."""
    from commgen.datasets import read_channels

    config = parse_config(recorded)
    whole = run_simulation(config, tmp_path / "whole")
    stopped(after=1)
    with pytest.raises(KeyboardInterrupt):
        run_simulation(config, tmp_path / "run")
    monkeypatch.undo()
    for name in ("config.yaml", "card.json", "state.npz"):
        assert str(tmp_path).encode() not in (tmp_path / "run" / name).read_bytes()
    (tmp_path / "away").mkdir()
    for name in ("run", "h.h5", "lmmse"):
        (tmp_path / name).rename(tmp_path / "away" / name)
    path = tmp_path / "away/h.h5"
    before = path.read_bytes()
    h, meta, labels = read_channels(path)
    with ChannelFile.create(path, meta, kinds_of(labels), made="elsewhere") as file:
        file.append(h, labels)
    assert path.read_bytes() != before
    GaussianMixture((2,), 1).fit(h[:, :, 0, 0, 0], seed=0).save(tmp_path / "away/lmmse")
    again = resume(tmp_path / "away/run", QuickLink, progress=False)
    assert [r["bler"] for r in again.rows] == [r["bler"] for r in whole.rows]
    assert load_run(tmp_path / "away/run").done


def test_a_card_of_before_knows_files_by_their_bytes(recorded, tmp_path):
    from commgen._files.whole import sha256

    config = parse_config(recorded)
    run_simulation(config, tmp_path / "run")
    path = tmp_path / "run/card.json"
    card = json.loads(path.read_text())
    del card["inputs"]
    names = ("h.h5", "lmmse/model.keras", "lmmse/card.json")
    files = [tmp_path / name for name in names]
    card["inputs_sha256"] = {str(file): sha256(file) for file in files}
    path.write_text(json.dumps(card))
    assert run_simulation(config, tmp_path / "run").was_done
    (tmp_path / "lmmse/card.json").write_text("{}")
    with pytest.raises(ValueError, match=r"lmmse/card\.json has changed since the run"):
        run_simulation(config, tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"channel": {"select": {"week": [1, 2]}}},
            r"channel\.select\.week: must be a l",
        ),
        ({"channel": {"select": {"room": [1, 2]}}}, r"must be a label of numbers"),
        (
            {"channel": {"select": {"day": [7, 9]}}},
            r"channel\.select: no channel of the",
        ),
        (
            {"link": {"fft_size": 24}},
            r"link\.fft_size, .* must be those of the recordi",
        ),
        (
            {"link": {"subcarrier_spacing_hz": 15e3}},
            r"30000\.0 Hz, got 12 and 15000\.0",
        ),
        (
            {"link": {"num_rx_ant": 3}},
            r"must begin with link\.num_rx_ant = 3|equal the 2",
        ),
    ],
)
def test_recordings_that_do_not_fit_leave_nothing(recorded, tmp_path, change, message):
    for part, values in change.items():
        recorded[part].update(values)
    with pytest.raises(ValueError, match=message):
        run_simulation(parse_config(recorded), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_recordings_of_odd_power_are_refused(recorded, tmp_path):
    from commgen.datasets import read_channels

    h, meta, labels = read_channels(tmp_path / "h.h5")
    write_channels(tmp_path / "h.h5", 100 * h, meta, labels)
    with pytest.raises(
        ValueError, match=r"mean power \|h\|\^2 near 1, .* got 1\.02e\+04"
    ):
        run_simulation(parse_config(recorded), tmp_path / "run")


def test_damaged_recordings_are_refused(recorded, tmp_path):
    with h5py.File(tmp_path / "h.h5", "r+") as file:
        file["h"][0, 0, 0, 0, 0] = 1
    with pytest.raises(ValueError, match="is damaged: its content has the checksum"):
        run_simulation(parse_config(recorded), tmp_path / "run")


def test_missing_files_and_wrong_models_leave_nothing(recorded, tmp_path):
    recorded["estimators"][1]["model"] = str(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run_simulation(parse_config(recorded), tmp_path / "run")
    two = GaussianMixture((2,), 2)
    two.save(tmp_path / "two")
    recorded["estimators"][1]["model"] = str(tmp_path / "two")
    with pytest.raises(
        ValueError, match=r"one component for lmmse, got Gaussian.* of 2"
    ):
        run_simulation(parse_config(recorded), tmp_path / "run")
    GaussianMixture((3,), 1).save(tmp_path / "three")
    recorded["estimators"][1]["model"] = str(tmp_path / "three")
    with pytest.raises(
        ValueError, match=r"estimators\.1 \(lmmse\): .* must begin with"
    ):
        run_simulation(parse_config(recorded), tmp_path / "run")
    recorded["channel"]["path"] = str(tmp_path / "none.h5")
    with pytest.raises(FileNotFoundError, match=r"none\.h5"):
        run_simulation(parse_config(recorded), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_generated_channels_run(recorded, tmp_path):
    recorded["channel"] = {
        "source": "generated",
        "model": str(tmp_path / "lmmse"),
        "layout": ["rx"],
        "pool_size": 50,
    }
    ls, lmmse = run_simulation(parse_config(recorded), tmp_path / "run").rows
    assert lmmse["nmse_db"] < ls["nmse_db"]
    assert lmmse["nmse_db"] == pytest.approx(lmmse["err_var_db"], abs=1.0)
