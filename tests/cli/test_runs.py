"""The verbs around finished and unfinished runs."""

import functools
import json
import shutil
import subprocess
import sys

import pytest
import typer
import yaml

from commgen.cli.compare import compare
from commgen.cli.plot import plot
from commgen.cli.resume import resume
from commgen.cli.simulate import simulate
from commgen.cli.validate import validate
from commgen.montecarlo.campaign import plan_experiment
from commgen.phy import LinkExperiment, parse_config, run_simulation

VALUES = {
    "seed": 1,
    "channel": {"source": "3gpp", "scenario": "rayleigh", "num_rx_ant": 2},
    "link": {
        "fft_size": 12,
        "subcarrier_spacing_hz": 30e3,
        "num_rx_ant": 2,
        "coderate": 0.5,
        "time_interpolation": "average",
    },
    "estimators": [{"kind": "ls"}, {"kind": "perfect"}],
    "sweep": {
        "snr_start_db": -6,
        "snr_stop_db": 6,
        "snr_step_db": 4,
        "batch_size": 64,
        "max_num_blocks": 256,
        "target_block_errors": 100,
    },
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    run_simulation(parse_config(VALUES), folder, progress=False, jit_compile=False)
    return folder


def test_resume_shows_what_is_done(finished, capsys):
    resume(finished)
    out = capsys.readouterr().out
    assert "already done" in out
    assert "BLER 0.1" in out
    with pytest.raises(ValueError, match="neither a run nor a campaign"):
        resume(finished.parent)


FINISHED = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"tensorflow", "keras", "sionna"}:
            raise ModuleNotFoundError(f"{name} was loaded")

sys.meta_path.insert(0, Block())
from commgen.cli import main

run, picture = sys.argv[1:]
for arguments in (["resume", run], ["compare", run], ["plot", run, "-o", picture]):
    sys.argv = ["commgen", *arguments]
    try:
        main()
    except SystemExit as stop:
        if stop.code:
            raise
"""


def test_what_is_finished_is_read_without_tensorflow(finished, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FINISHED, finished, tmp_path / "a.png"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "already done" in done.stdout
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_runs_of_before_the_card_had_a_layout_are_read(finished, tmp_path, commgen):
    """What is drawn and compared is the same."""
    before = commgen("compare", finished).out
    old = shutil.copytree(finished, tmp_path / "run")
    card = json.loads((old / "card.json").read_text())
    del card["layout"]
    (old / "card.json").write_text(json.dumps(card))
    assert commgen("compare", old).out == before
    assert "drawn in" in commgen("plot", old, "-o", tmp_path / "a.png").out


def test_plot_draws(finished, tmp_path, capsys):
    plot(finished, tmp_path / "a.png")
    assert "drawn in" in capsys.readouterr().out
    assert (tmp_path / "a.png").exists()


def test_compare_shows_gains(finished, tmp_path, capsys):
    compare([finished], bler="0.5", throughput="0.7", output=tmp_path / "c")
    out = capsys.readouterr().out
    assert "perfect" in out
    assert "BLER 0.5" in out
    assert (tmp_path / "c/comparison.csv").exists()
    with pytest.raises(ValueError, match="bler must be numbers with commas"):
        compare([finished], bler="half", throughput="", output=None)
    with pytest.raises(ValueError, match=r"target must be in \(0, 1\), got 2"):
        compare([finished], bler="2", throughput="", output=None)


def test_a_dry_run_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(LinkExperiment, "jit_compile", False)
    monkeypatch.setattr(
        "commgen.montecarlo.campaign.plan_experiment",
        functools.partial(plan_experiment, num_batches=1),
    )
    grid = {"link.coderate": [0.3, 0.5]}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({**VALUES, "grid": grid}))
    simulate(config=tmp_path / "c.yaml", dry_run=True)
    out = capsys.readouterr().out
    assert "CPU h" in out
    assert "together" in out
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


def test_validate_prints_verdicts_and_fails_with_a_line(tmp_path, capsys, monkeypatch):
    validate(tmp_path / "v", only="uncoded", quick=True, seed=1)
    out = capsys.readouterr().out
    assert "uncoded QAM" in out
    assert "12 pass" in out
    validate(tmp_path / "v", only="uncoded", quick=True, seed=1)
    again = capsys.readouterr().out
    assert again.replace("already done:", "written to") == out
    with pytest.raises(ValueError, match=r"another configuration \(seed: 1 there"):
        validate(tmp_path / "v", only="uncoded", quick=True, seed=2)
    with pytest.raises(ValueError, match="only"):
        validate(tmp_path / "v", only="everything", quick=True, seed=1)
    monkeypatch.setattr(
        "commgen.studies.validation.run_validation", lambda *_, **__: [_failed()]
    )
    with pytest.raises(typer.Exit):
        validate(tmp_path / "w", only=None, quick=True, seed=1)


def _failed():
    from commgen.studies.validation.line import within

    return within(
        "uncoded", "x", (2.0, 1.9, 2.1), (0.0, 1.0), reference=1.0, tolerance=1.0
    )
