"""The study of reports of few bits: its set-up, and what it tells of two users."""

import numpy as np
import pytest

from commgen.studies.feedback import path_users as users
from commgen.studies.feedback.limited import TITLE, LimitedSize, limited_study
from commgen.studies.feedback.mixed_paths import MixedSize, OneModel, mixed_rates
from commgen.studies.tables import Asked


def test_zero_forcing_is_as_published():
    """Sohrabi, Attiah and Yu: 15.32, 15.95 and 16.23 for 2, 4 and 8 paths."""
    for num_paths, published in ((2, 15.32), (4, 15.95), (8, 16.23)):
        h = users.draw_users(2000, num_paths, seed=num_paths)
        rates = users.pair_rates_as_published(h)
        error = rates.std() / np.sqrt(len(rates))
        assert abs(rates.mean() - published) < 4 * error + 0.005
        assert users.pair_rates(h[:200], h[:200]).mean() > rates[:100].mean()


def test_matching_pursuit_finds_a_path_of_the_grid():
    x = np.linspace(-0.5, 0.5, 256)[[40, 200]]
    h = 8 * users.AXIS.exponentials(x).astype(np.complex64)
    pilots = np.random.default_rng(0).standard_normal((64, 8)) / 8
    found = users.matching_pursuit((h @ pilots).astype(np.complex64), pilots, 1)
    np.testing.assert_allclose(found, h, atol=1e-3)


@pytest.mark.timeout(120)
def test_reports_of_more_bits_reach_more(tmp_path):
    asked = Asked()
    size = LimitedSize(60, 1500, 0, 6, MixedSize(()))
    rows = limited_study(tmp_path, size, 0, asked)[TITLE]
    paths = [row["rate"] for row in rows if row["codec"].startswith("paths")]
    best = next(r["rate"] for r in rows if r["codec"] == "ZF, channels known")
    assert paths[0] < paths[1] < best
    assert all(row["low"] < row["rate"] < row["high"] for row in rows)
    assert len(asked.rows) == 3
    assert (tmp_path / "rate.png").stat().st_size > 0
    again = limited_study(tmp_path, size, 0, asked)
    assert again[TITLE] == rows


def test_one_model_knows_how_far_its_reports_err(tmp_path):
    """What is read differs from what was heard by as much as is told, and no more."""
    size = MixedSize(num_sets=300, num_word_bits=6, num_rounds=3, num_learned=300)
    rng = np.random.default_rng(0)
    pilots = rng.standard_normal((64, 8)) / 8
    model = OneModel(tmp_path, pilots, size, 0)
    assert model.num_bits == 12
    y = users.observed(users.draw_users(400, 8, seed=5), pilots, seed=6)
    told = model.read(y)
    # Turned and scaled as fits best.
    factor = np.sum(told.conj() * y, axis=1) / np.sum(np.abs(told) ** 2, axis=1)
    error = np.mean(np.abs(y - factor[:, None] * told) ** 2)
    assert users.NO + error == pytest.approx(model.noise_read, rel=0.15)
    again = OneModel(tmp_path, pilots, size, 0)
    np.testing.assert_array_equal(again.read(y[:5]), told[:5])
    other = OneModel(tmp_path, pilots * 1.01, size, 0)
    assert not np.array_equal(other.read(y[:5]), told[:5])


@pytest.mark.timeout(120)
def test_words_cost_rate_and_so_do_pilots(tmp_path):
    size = MixedSize((4,), 50, 50, 500, 3, 2, 300, 30, 3)
    pilots = np.random.default_rng(0).standard_normal((64, 8)) / 8
    rows = mixed_rates(OneModel(tmp_path, pilots, size, 0), 4, size, 0)
    known, heard, words = (
        next(r["rate"] for r in rows if r["way"].startswith(name))
        for name in ("ZF, channels known", "what is heard as it is, ZF", "words")
    )
    assert known > heard + 2 > words + 3
    assert {row["num_bits"] for row in rows} == {None, 6}
    assert {row["num_pairs"] for row in rows} == {50}
