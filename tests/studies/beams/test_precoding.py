"""The study of precoders: its shares, its order of rates, and that it goes on."""

from dataclasses import replace

import numpy as np
import pytest

from commgen.phy.beams import LearnedPrecoder
from commgen.studies.beams import precoding
from commgen.studies.beams.patterns_figure import save_patterns_figure
from commgen.studies.beams.precoding import (
    share_rows,
)
from commgen.studies.beams.rates_figure import save_rates_figure


def test_shares_are_paired():
    """Half of every rate is half of it with certainty, however rates scatter."""
    rng = np.random.default_rng(0)
    rates = rng.uniform(5, 15, 50)
    rows = share_rows({"all": rates, "half": rates / 2, "noisy": rates + 1}, "all")
    half, noisy = rows[1], rows[2]
    assert half["share"] == pytest.approx(0.5)
    assert half["share_low"] == pytest.approx(0.5)
    assert half["share_high"] == pytest.approx(0.5)
    assert 1 < noisy["share_low"] < noisy["share"] < noisy["share_high"]
    assert noisy["rate"] == pytest.approx(rates.mean() + 1)


def test_picture_has_a_panel_for_each_title(tmp_path):
    from matplotlib.image import imread

    curves = {"one": [1.0, 2.0, 3.0], "two": [2.0, 2.5, 4.0]}
    for n in (1, 2):
        panels = {f"panel {i}": curves for i in range(n)}
        save_rates_figure(tmp_path / f"{n}.png", panels)
    widths = [imread(tmp_path / f"{n}.png").shape[1] for n in (1, 2)]
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


def test_patterns_have_a_panel_for_each_precoder(tmp_path):
    from matplotlib.image import imread

    h = np.exp(1j * np.pi * np.outer([-0.5, 0.5], np.arange(8)))
    weights = {name: h.conj()[..., None] / 4 for name in ("one", "two")}
    save_patterns_figure(tmp_path / "2.png", h[:, None], weights)
    save_patterns_figure(tmp_path / "1.png", h[:, None], {"one": weights["one"]})
    widths = [imread(tmp_path / f"{n}.png").shape[1] for n in (1, 2)]
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


def test_a_precoder_of_another_training_is_not_taken(tmp_path, monkeypatch):
    trained = []

    def train(folder, name, size, seed):
        trained.append((size.num_steps, seed))
        LearnedPrecoder.of_seed(seed).save(folder)
        return {}

    monkeypatch.setattr(precoding, "_train", train)
    for size, seed in ((precoding.QUICK, 1), (precoding.QUICK, 1)):
        precoding.learned(tmp_path, "known", size, seed)
    longer = replace(precoding.QUICK, num_steps=9)
    precoding.learned(tmp_path, "known", longer, 1)
    precoding.learned(tmp_path, "known", longer, 2)
    assert trained == [(precoding.QUICK.num_steps, 1), (9, 1), (9, 2)]
