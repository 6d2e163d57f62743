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


def test_without_output_it_says_what_is_needed():
    result = run()
    assert "design constellation needs GOAL.yaml and --output DIR" in str(
        result.exception
    )
