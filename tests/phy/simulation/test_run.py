import csv
import functools
import json
import math
import shutil

import pytest
import yaml

from commgen.generative import GaussianMixture, load_model
from commgen.montecarlo import MonteCarlo
from commgen.montecarlo.figure import save_figure
from commgen.phy import (
    dump_config,
    parse_config,
    run_simulation as run_compiled,
)
from commgen.phy.simulation.layout import link_layout

run_simulation = functools.partial(run_compiled, progress=False, jit_compile=False)
RESULTS = "estimator,snr_db,ber,bler,bler_low,bler_high,nmse_db,num_blocks,cpu_seconds"


@pytest.fixture
def small(base):
    base["estimators"].insert(
        1, {"kind": "lmmse", "event": "grid", "num_train_channels": 100}
    )
    base["sweep"]["batch_size"] = 24
    return base


def table(folder, name="results.csv", *, without=("cpu_seconds",)):
    with open(folder / name, newline="", encoding="utf-8") as file:
        return [
            {k: v for k, v in row.items() if k not in without}
            for row in csv.DictReader(file)
        ]


def test_a_killed_run_resumes_with_the_same_results(small, tmp_path, monkeypatch):
    config = parse_config(small)
    run_simulation(config, tmp_path / "whole")
    batches = []
    run_batch = MonteCarlo.run_batch

    def die_in_the_third(self):
        batches.append(1)
        if len(batches) == 3:
            raise KeyboardInterrupt
        run_batch(self)

    monkeypatch.setattr(MonteCarlo, "run_batch", die_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        run_simulation(config, tmp_path / "killed")
    assert (
        json.loads((tmp_path / "killed/card.json").read_text())["status"] == "running"
    )
    assert not (tmp_path / "killed/results.csv").exists()
    monkeypatch.setattr(MonteCarlo, "run_batch", run_batch)
    run_simulation(config, tmp_path / "killed")
    for name in ("results.csv", "estimation.csv"):
        assert table(tmp_path / "killed", name) == table(tmp_path / "whole", name)


def test_a_run_folder_is_complete_and_then_only_read(small, tmp_path):
    config = parse_config(small)
    result = run_simulation(config, tmp_path / "run")
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        "config.yaml",
        "results.csv",
        "estimation.csv",
        "readings.csv",
        "results.png",
        "card.json",
        "state.npz",
        "models",
    }
    text = (tmp_path / "run/results.csv").read_text()
    assert text.splitlines()[0] == RESULTS
    rows = table(tmp_path / "run", without=())
    assert len(rows) == 3 * 4
    for row in rows:
        assert float(row["bler_low"]) <= float(row["bler"]) <= float(row["bler_high"])
        assert float(row["cpu_seconds"]) >= 0
    assert [r["nmse_db"] for r in rows if r["estimator"] == "perfect"] == ["-inf"] * 4
    assert (tmp_path / "run/results.png").read_bytes().startswith(b"\x89PNG")
    card = json.loads((tmp_path / "run/card.json").read_text())
    assert card["status"] == "done"
    assert card["seed"] == 1
    assert card["cpu_seconds"] > 0
    assert card["versions"]["sionna-no-rt"] == "1.2.2"
    again = run_simulation(config, tmp_path / "run")
    assert again.was_done
    assert not result.was_done
    assert again.rows == result.rows
    saved = yaml.safe_load((tmp_path / "run/config.yaml").read_text())
    assert parse_config(saved) == config


@pytest.mark.parametrize(
    ("key", "change"),
    [
        (
            "sweep.batch_size",
            {
                "sweep": {"batch_size": 100_000},
                "link": {"fft_size": 4096, "num_rx_ant": 256},
                "channel": {"num_rx_ant": 256},
            },
        ),
        (
            "estimators.0.num_train_channels",
            {
                "estimators": [
                    {
                        "kind": "gmm",
                        "event": "grid",
                        "num_components": 2,
                        "num_train_channels": 10**9,
                    }
                ]
            },
        ),
    ],
)
def test_what_cannot_fit_into_memory_leaves_nothing(base, tmp_path, key, change):
    for part, values in change.items():
        base[part] = {**base[part], **values} if isinstance(values, dict) else values
    with pytest.raises(
        ValueError, match=rf"{key} must fit into .* GiB, got what takes [\d,]+ GiB"
    ):
        run_simulation(parse_config(base), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_another_seed_gives_other_numbers(base, tmp_path):
    one = run_simulation(parse_config(base), tmp_path / "1")
    two = run_simulation(parse_config({**base, "seed": 2}), tmp_path / "2")
    assert [r["nmse_db"] for r in one.rows] != [r["nmse_db"] for r in two.rows]


def test_folders_of_something_else_are_refused(base, tmp_path):
    config = parse_config(base)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.tex").write_text("precious")
    with pytest.raises(ValueError, match="is not empty and holds no run"):
        run_simulation(config, tmp_path / "full")
    with pytest.raises(ValueError, match="must be a folder, it is a file"):
        run_simulation(config, tmp_path / "full/thesis.tex")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/config.yaml").write_text(
        dump_config(parse_config({**base, "seed": 2}))
    )
    with pytest.raises(ValueError, match="holds a run of another configuration"):
        run_simulation(config, tmp_path / "other")
    assert [p.name for p in (tmp_path / "other").iterdir()] == ["config.yaml"]


def test_a_damaged_state_is_named(base, tmp_path):
    config = parse_config(base)
    (tmp_path / "config.yaml").write_text(dump_config(config))
    (tmp_path / "state.npz").write_bytes(b"PK not a zip")
    with pytest.raises(ValueError, match=r"state\.npz is damaged .* begin anew"):
        run_simulation(config, tmp_path)
    (tmp_path / "card.json").write_text("{")
    with pytest.raises(ValueError, match=r"card\.json is not valid JSON"):
        run_simulation(config, tmp_path)


def test_fitted_models_belong_to_their_run(small, tmp_path, monkeypatch, stopped):
    config = parse_config(small)
    stopped(after=1)
    with pytest.raises(KeyboardInterrupt):
        run_simulation(config, tmp_path / "run")
    monkeypatch.undo()
    model = load_model(tmp_path / "run/models/lmmse")
    model.save(tmp_path / "run/models/lmmse")  # the same, saved again
    draws = model.sample(200, seed=1)
    other = GaussianMixture(model.event_shape, 1, model.covariance)
    kept = shutil.copytree(tmp_path / "run", tmp_path / "kept")
    other.fit(draws, seed=2).save(tmp_path / "run/models/lmmse")
    with pytest.raises(ValueError, match="models/lmmse has changed since the run"):
        run_simulation(config, tmp_path / "run")
    run_simulation(config, kept)


def test_figure_draws_bounds_where_nothing_failed(tmp_path):
    row = {
        "estimator": "a",
        "snr_db": 0.0,
        "bler": 0.0,
        "bler_low": 0.0,
        "bler_high": 0.04,
        "nmse_db": -math.inf,
        "nmse_low_db": -math.inf,
        "nmse_high_db": -math.inf,
        "err_var_db": -math.inf,
    }
    layout = link_layout(["a"], [0.0, 2.0], harq=False)
    save_figure(tmp_path / "a.png", [row, {**row, "snr_db": 2.0}], layout)
    assert (tmp_path / "a.png").stat().st_size > 5000
