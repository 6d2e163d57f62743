"""commgen design."""

import csv

import numpy as np
import pytest
from typer.testing import CliRunner

from commgen.cli import app
from commgen.frame.constellation import Constellation

GOAL = "num_bits_per_symbol: 2\nrate: 1.0\n"


def run(*arguments):
    return CliRunner().invoke(app, ["design", "constellation", *map(str, arguments)])


def test_a_goal_becomes_a_folder(tmp_path):
    (tmp_path / "goal.yaml").write_text(GOAL)
    asked = (tmp_path / "goal.yaml", "--output", tmp_path / "out", "--starts", 2)
    result = run(*asked)
    assert result.exit_code == 0, result.output
    assert "Shannon" in result.output
    made = Constellation.load(tmp_path / "out" / "constellation.npz")
    # Four points at one bit: nothing is better than two bits on two axes.
    np.testing.assert_allclose(np.abs(made.points), 1, atol=1e-3)
    text = (tmp_path / "out" / "constellation.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["constellation"] for row in rows][:2] == ["designed", "QAM"]
    assert float(rows[0]["snr_db"]) == pytest.approx(float(rows[1]["snr_db"]), abs=2e-3)
    assert (tmp_path / "out" / "constellation.png").stat().st_size > 10_000
    assert "already done" in run(*asked).output


def test_the_example_is_a_goal(tmp_path):
    text = run("--example").output
    assert "num_bits_per_symbol: 6" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rate: 7\n", "rate: must be below num_bits_per_symbol = 6, got 7"),
        ("peak: 7\n", "peak"),
        ("", "must be a mapping"),
    ],
)
def test_a_wrong_goal_leaves_nothing(tmp_path, text, message):
    (tmp_path / "goal.yaml").write_text(text)
    result = run(tmp_path / "goal.yaml", "--output", tmp_path / "out")
    assert result.exit_code != 0
    assert message in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_points_for_a_recorded_link(tmp_path):
    """Through a limiter QPSK carries as much as any four points, at a drive told."""
    rng = np.random.default_rng(1)
    x = 2 * np.sqrt(rng.random(1500)) * np.exp(2j * np.pi * rng.random(1500))
    noise = 0.2 * rng.normal(size=(1500, 2)) @ [1, 1j]
    np.savez(tmp_path / "pairs.npz", x=x, y=x * (1 + np.abs(x) ** 4) ** -0.25 + noise)
    (tmp_path / "goal.yaml").write_text(GOAL)
    link = "--link", tmp_path / "pairs.npz"
    asked = tmp_path / "goal.yaml", "-o", tmp_path / "out", "--starts", 1, *link
    result = run(*asked)
    assert result.exit_code == 0, result.output
    text = (tmp_path / "out" / "constellation.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["constellation"] for row in rows] == ["designed", "start", "QAM"]
    assert float(rows[0]["bits"]) >= float(rows[1]["bits"])
    assert float(rows[0]["bits"]) > 1.9
    made = Constellation.load(tmp_path / "out" / "constellation.npz")
    assert 0.3 < made.card["drive"] <= 2
    picture = (tmp_path / "out" / "constellation.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arrays", "goal", "message"),
    [
        ({"x": np.ones(5)}, GOAL, "pairs.npz must be I/Q pairs"),
        ({"x": np.ones(5), "y": np.ones(4)}, GOAL, "x and y must be as long, got 5"),
        ({"x": np.ones((2, 2)), "y": np.ones(4)}, GOAL, r"x must be [num_pairs]"),
        ({"x": np.full(5, np.nan), "y": np.ones(5)}, GOAL, "x must be finite"),
        ({"x": np.ones(5), "y": np.ones(5)}, GOAL + "peak_db: 3\n", "got peak_db"),
    ],
)
def test_a_wrong_recording_leaves_nothing(tmp_path, arrays, goal, message):
    np.savez(tmp_path / "pairs.npz", **arrays)
    (tmp_path / "goal.yaml").write_text(goal)
    link = "--link", tmp_path / "pairs.npz"
    result = run(tmp_path / "goal.yaml", "--output", tmp_path / "out", *link)
    assert message in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_without_output_it_says_what_is_needed():
    result = run()
    assert "design constellation needs GOAL.yaml and --output DIR" in str(
        result.exception
    )


def waveform(*arguments):
    return CliRunner().invoke(app, ["design", "waveform", *map(str, arguments)])


def test_a_waveform_with_table_and_picture(tmp_path, monkeypatch):
    from commgen.design.waveform import classical
    from commgen.waveform.designed import DesignedWaveform

    for name in ("_SHARES", "_CLIPS_DB", "_RESERVED_CLIPS_DB", "_EXTENSION_CLIPS_DB"):
        monkeypatch.setattr(classical, name, getattr(classical, name)[:1])
    goal = tmp_path / "goal.yaml"
    goal.write_text(
        "num_bits_per_symbol: 2\nrate: 1.0\nnum_tones: 64\nnum_layers: 1\n"
        "learn_points: false\n"
    )
    output = tmp_path / "out"
    result = waveform(goal, "-o", output, "--steps", 2)
    assert result.exit_code == 0, result.output
    shown = result.output.split("Total degradation")[1]
    assert "…" not in shown  # nothing is cut off where there is room
    made = DesignedWaveform.load(output / "waveform.npz")
    assert made.card["goal"]["num_tones"] == 64
    with (output / "waveform.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["waveform"] == "designed"
    assert {row["waveform"] for row in rows} == {"designed", *classical.FAMILIES}
    # Two steps of learning: no better than what it started from, nor much worse.
    costs = {row["waveform"]: float(row["total_db"]) for row in rows}
    assert abs(costs["designed"] - costs["DFT-s-OFDM"]) < 0.5
    assert (output / "waveform.png").read_bytes().startswith(b"\x89PNG")
    again = waveform(goal, "-o", output, "--steps", 2)
    assert again.exit_code == 0
    assert "already done" in again.output


def test_waveforms_that_cannot_be(tmp_path):
    goal = tmp_path / "goal.yaml"
    for text, message in (
        ("rate: 4.0\n", "rate: must be below 4 bits for each tone"),
        ("oversampling: 2\n", "oversampling"),
        ("aclr_db: 3\n", "aclr_db"),
    ):
        goal.write_text(text)
        result = waveform(goal, "-o", tmp_path / "out")
        assert result.exit_code != 0
        assert message in str(result.exception)
    assert "design waveform needs GOAL.yaml" in str(waveform(goal).exception)
    assert "num_tones: 256" in waveform("--example").output


def test_samples_are_files_beside_a_table(tmp_path):
    text = "num_bits_per_symbol: 3\nsnr_db: 8\npeak_db: 2.5\n"
    (tmp_path / "goal.yaml").write_text(text)
    asked = (tmp_path / "goal.yaml", "--output", tmp_path / "out", "--samples", 2)
    result = run(*asked, "--within", 0.2)
    assert result.exit_code == 0, result.output
    first = Constellation.load(tmp_path / "out" / "sample-00.npz")
    assert first.peak_to_average_db < 2.51
    text = (tmp_path / "out" / "samples.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert float(rows[0]["rate_there"]) == pytest.approx(first.card["rate"], abs=1e-3)
    assert (tmp_path / "out" / "samples.png").stat().st_size > 5_000


def test_what_goes_with_samples_is_named(tmp_path):
    (tmp_path / "goal.yaml").write_text(GOAL)
    asked = (tmp_path / "goal.yaml", "--output", tmp_path / "out")
    result = run(*asked, "--model", tmp_path / "none")
    assert "--samples must be given where --model is" in str(result.exception)
    result = run(*asked, "--samples", 2, "--link", tmp_path / "none")
    assert "--samples must be left out where --link is" in str(result.exception)
    result = run(*asked, "--samples", 2, "--model", tmp_path / "none")
    assert "no model at" in str(result.exception)
    assert not (tmp_path / "out").exists()
    other = ["design", "model", "--output", str(tmp_path / "m"), "--snr-stop", "3"]
    result = CliRunner().invoke(app, other)
    assert "--snr-stop must be above --snr-start = 4, got 3" in str(result.exception)
