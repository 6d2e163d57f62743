"""Coins and symbols in place of a link: what the engine does, for any experiment."""

import csv
import json
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from commgen.frame.qam import qam_points
from commgen.montecarlo import MonteCarlo, run_experiment
from commgen.montecarlo.campaign import (
    CampaignConfig,
    compare_runs,
    load_campaign,
    load_run,
    plan_experiment,
    plot_folder,
    resume,
    run_campaign,
    save_comparison,
)

QUIET = {"progress": False}
GO_ON = """
import coin, awgn
from commgen.montecarlo.campaign import load_campaign, run_campaign

kind = {"coin": coin.Coin, "awgn": awgn.Awgn}[sys.argv[3]]
run_campaign(load_campaign(sys.argv[1], kind), sys.argv[2], progress=False)
"""


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [
            {k: v for k, v in row.items() if k != "cpu_seconds"}
            for row in csv.DictReader(file)
        ]


def name_of(experiment):
    return type(experiment).__name__.lower()


def changed(experiment, **sweep):
    """Return the plain values of an experiment with another sweep."""
    values = yaml.safe_load(experiment.dump())
    values["sweep"].update(sweep)
    return values


def test_symbols_fail_as_theory_says(awgn, tmp_path):
    """16-QAM: 1 - (1 - 1.5 Q)^2, Q of half the smallest distance."""
    from scipy.special import ndtr

    values = {
        "seed": 3,
        "num_bits_per_symbol": [4],
        "sweep": {
            "snr_start_db": 6,
            "snr_stop_db": 14,
            "snr_step_db": 4,
            "batch_size": 5000,
            "max_num_blocks": 10**6,
            "target_block_errors": 10**4,
        },
    }
    rows = run_experiment(awgn.parse(values), tmp_path, **QUIET).rows
    half = np.ptp(qam_points(4).real) / 6
    for row in rows:
        q = ndtr(-half * np.sqrt(2 * 10 ** (row["snr_db"] / 10)))
        expected = 1 - (1 - 1.5 * q) ** 2
        width = row["bler_high"] - row["bler_low"]
        assert row["bler"] == pytest.approx(expected, abs=width)


def test_a_run_folder_is_complete_and_then_only_read(finished, experiment):
    folder, layout = finished.folder, experiment.layout
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("config.yaml", "results.csv", "readings.csv", "results.png"),
        *("card.json", "state.npz"),
    }
    with open(folder / "results.csv") as file:
        assert tuple(next(csv.reader(file))) == layout.columns
    with open(folder / "readings.csv") as file:
        assert tuple(next(csv.reader(file))) == layout.reading_columns
    for row in finished.rows:
        errors = round(row["bler"] * row["num_blocks"])
        assert errors >= 300 or row["num_blocks"] == 20_000
    card = json.loads((folder / "card.json").read_text())
    assert card["status"] == "done"
    again = resume(folder, type(experiment), **QUIET)
    assert again.was_done
    assert again.rows == finished.rows
    assert again.readings == finished.readings


def test_columns_speak_of_the_axis(coin, coin_values):
    layout = coin.parse(coin_values).layout
    assert layout.columns[:3] == ("curve", "bias", "bler")
    assert layout.reading_columns[3:] == (
        *("bias_at", "bias_low", "bias_high"),
        *("gain", "gain_low", "gain_high"),
    )


def test_a_killed_run_goes_on_to_the_same_numbers(
    experiment, finished, tmp_path, monkeypatch
):
    run_batch, batches = MonteCarlo.run_batch, []

    def die_in_the_third(self):
        batches.append(1)
        if len(batches) == 3:
            raise KeyboardInterrupt
        run_batch(self)

    monkeypatch.setattr(MonteCarlo, "run_batch", die_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment, tmp_path / "killed", **QUIET)
    monkeypatch.undo()
    assert not load_run(tmp_path / "killed").done
    plot_folder(tmp_path / "killed")  # unfinished, and drawn
    resume(tmp_path / "killed", type(experiment), **QUIET)
    for name in ("results.csv", "readings.csv"):
        assert table(tmp_path / "killed" / name) == table(finished.folder / name)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_campaigns_go_on_to_the_same_tables(experiment, start, tmp_path):
    """``kill -9`` at random moments, from before the first batch to after the last."""
    values = changed(experiment, max_num_blocks=30_000, target_block_errors=10**6)
    path, folder = tmp_path / "campaign.yaml", tmp_path / "killed"
    path.write_text(yaml.safe_dump({**values, "grid": {"seed": [1, 2]}}))
    rng, killed = random.Random(1), 0
    for _ in range(30):
        process = start(GO_ON, path, folder, name_of(experiment))
        deadline = time.monotonic() + 60
        seen = newest(folder)
        while killed < 4 and process.poll() is None and time.monotonic() < deadline:
            if newest(folder) != seen:
                time.sleep(rng.uniform(0, 0.2))
                break
            time.sleep(0.005)
        if killed < 4 and process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=60)
            killed += 1
            continue
        _, err = process.communicate(timeout=200)
        assert process.returncode == 0, err[-2000:]
        break
    assert killed > 0
    whole = load_campaign(path, type(experiment))
    run_campaign(whole, tmp_path / "whole", **QUIET)
    for name in ("results.csv", "readings.csv"):
        assert table(folder / name) == table(tmp_path / "whole" / name)
        assert len(table(folder / name)) >= 3


def newest(folder):
    states = [path.stat().st_mtime_ns for path in folder.glob("points/*/state.npz")]
    return max(states, default=0)


def test_campaigns_are_laid_out_run_drawn_and_only_read(experiment, tmp_path):
    values = changed(experiment, max_num_blocks=2000)
    grid = {"seed": [1, 2], "sweep.batch_size": [200]}
    campaign = CampaignConfig.of(values, grid, type(experiment))
    found = run_campaign(campaign, tmp_path, **QUIET)
    rows = table(tmp_path / "results.csv")
    assert len(rows) == sum(len(result.rows) for result in found.results)
    assert {(row["seed"], row["sweep.batch_size"]) for row in rows} == {
        *(("1", "200"), ("2", "200"))
    }
    picture = (tmp_path / "results.png").stat().st_mtime_ns
    again = resume(tmp_path, type(experiment), **QUIET)
    assert all(result.was_done for result in again.results)
    assert (tmp_path / "results.png").stat().st_mtime_ns == picture
    plot_folder(tmp_path, tmp_path / "again.png")
    assert (tmp_path / "again.png").stat().st_size > 10_000


def test_an_axis_of_a_grid_is_no_column_of_its_tables(coin, coin_values):
    with pytest.raises(
        ValueError, match=r"grid\.bias must not be called like a column"
    ):
        CampaignConfig.of(coin_values, {"bias": [[0.0, 1.0]]}, coin)


def test_runs_are_compared_with_intervals(experiment, finished, tmp_path):
    values = {**yaml.safe_load(experiment.dump()), "seed": 2}
    other = run_experiment(type(experiment).parse(values), tmp_path / "other", **QUIET)
    curves, rows = compare_runs([finished.folder, other.folder], {"bler": [0.1]})
    assert [curve.label for curve in curves[:2]] == [
        f"run / {name}" for name in experiment.layout.curves
    ]
    assert [row["paired"] for row in rows] == [True, True, False, False]
    _, _, curve, at, low, high, gain, *ends = experiment.layout.reading_columns
    assert rows[0][at] == finished.readings[0][at]
    for row in rows:
        assert row[low] < row[at] < row[high]
    # The same experiment with another seed gains nothing.
    assert rows[2][ends[0]] < 0 < rows[2][ends[1]]
    assert rows[2]["reference"] == f"run / {rows[2][curve]}"
    assert rows[1][gain] != 0
    save_comparison(tmp_path / "c", curves, rows)
    assert len(table(tmp_path / "c/comparison.csv")) == 4
    assert (tmp_path / "c/comparison.png").stat().st_size > 10_000


def test_runs_of_different_kinds_are_not_compared(
    coin, awgn, coin_values, awgn_values, tmp_path
):
    for name, kind, values in (
        ("coin", coin, coin_values),
        ("awgn", awgn, awgn_values),
    ):
        run_experiment(kind.parse(values), tmp_path / name, **QUIET)
    with pytest.raises(ValueError, match=r"one kind, got curve over bias and curve ov"):
        compare_runs([tmp_path / "coin", tmp_path / "awgn"])
    with pytest.raises(ValueError, match=r"targets must be of rates .*\['bler'\]"):
        compare_runs([tmp_path / "coin"], {"throughput": [0.7]})


def test_the_command_line_draws_and_compares_any_run(finished, run, tmp_path):
    """It knows no such experiment: the card says what was counted."""
    code = "sys.argv[0] = 'commgen'\nfrom commgen.cli import main\nmain()"
    assert "drawn in" in run(code, "plot", finished.folder, "-o", tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000
    told = run(code, "compare", finished.folder, "--bler", "0.1")
    for row in finished.rows:
        assert row["curve"] in told
    assert f"gain {finished.layout.axis.unit}".strip() in told


def test_the_plan_is_near_what_it_costs(experiment):
    plan = plan_experiment(experiment, num_batches=4, **QUIET)
    low, expected, high = plan.num_blocks
    assert low <= expected <= high
    blocks = MonteCarlo(experiment.build(), experiment.sweep).run().blocks
    assert plan.num_points == blocks.size
    assert 0.5 * low < blocks.sum() < 2 * high


def test_the_page_prints_what_it_says(run, tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "docs/experiments.md").read_text()
    code = text.split("```python\n")[1].split("```")[0]
    said = text.split("It prints\n\n```\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    assert run(code) == said
