"""``commgen evaluate``: what it tells, and what it refuses."""

import numpy as np
import pytest

from commgen.datasets import ChannelMeta, write_channels

META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=30e3)


def test_evaluate_tells_what_a_model_is_worth(commgen, model, toy, draw, tmp_path):
    write_channels(tmp_path / "truth.h5", draw(150, 5), META, {})
    result = commgen(
        *("evaluate", model, "--truth", tmp_path / "truth.h5"),
        *("--train", toy / "train.h5", "-n", 150, "--no-downstream"),
        *("--output", tmp_path / "report"),
    )
    assert "model against truth, 150 channels each" in result.out
    assert "nearest neighbours (0.5 is best)" in result.out
    assert "truth again: one half of the truth against the other" in result.out
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"report.csv", "report.png", "card.json", "evaluation.json"}


def test_evaluate_runs_what_is_downstream(commgen, toy, draw, tmp_path):
    for name, seed in (("truth", 5), ("drawn", 6)):
        write_channels(tmp_path / f"{name}.h5", draw(100, seed), META, {})
    result = commgen(
        *("evaluate", tmp_path / "drawn.h5", "--truth", tmp_path / "truth.h5"),
        *("--train", toy / "train.h5", "-n", 100, "--num-components", 2),
        *("--output", tmp_path / "report"),
    )
    assert "Estimator tested on real: NMSE" in result.out
    assert "Link at BLER 0.1:" in result.out
    assert (tmp_path / "report" / "exchange.csv").is_file()
    assert (tmp_path / "report" / "link.csv").is_file()


def channels(n, change):
    rng = np.random.default_rng(3)
    h = (rng.normal(size=(n, 8, 2)) @ [1, 1j] / np.sqrt(2)).reshape(n, 1, 1, 1, 8)
    return change(h.astype(np.complex64))


@pytest.mark.parametrize(
    ("n", "change", "message"),
    [
        (5, lambda h: h, "candidate must hold at least 20 channels, got 5"),
        (40, lambda h: h[..., :4], "candidate must hold channels (8,) over"),
        (40, lambda h: 1e-6 * h, "candidate must have a mean power |h|^2 near 1"),
        (40, lambda h: np.repeat(h[:1], 40, axis=0), "must hold different channels"),
    ],
)
def test_evaluate_refuses_sets(refused, draw, tmp_path, n, change, message):
    write_channels(tmp_path / "truth.h5", draw(50, 5), META, {})
    write_channels(tmp_path / "drawn.h5", channels(n, change), META, {})
    told = refused(
        *("evaluate", tmp_path / "drawn.h5", "--truth", tmp_path / "truth.h5"),
        *("--output", tmp_path / "report"),
    )
    assert message in told
    assert not (tmp_path / "report").exists()


def test_evaluate_refuses_paths_and_labels(refused, toy, tmp_path):
    truth = ("--truth", toy / "train.h5")
    output = ("--output", tmp_path / "report")
    told = refused("evaluate", tmp_path / "none.h5", *truth, *output)
    assert "none.h5 is not there" in told
    told = refused(
        "evaluate", toy / "train.h5", *truth, *output, "--group-by", "day,loc"
    )
    assert "group_by must name labels of the file" in told
    (tmp_path / "file").write_text("x")
    told = refused("evaluate", toy / "train.h5", *truth, "--output", tmp_path / "file")
    assert "output must be a folder, got the file" in told
