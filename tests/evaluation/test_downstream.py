import numpy as np
import pytest

from commgen.evaluation import link_bler, train_on_generated_test_on_real
from commgen.evaluation.link import _link
from commgen.measures.intervals import paired_interval_db

OPTIONS = {"seed": 1, "snr_db": (0, 10), "num_components": 4, "strength": 8.0}


def test_paired_interval_covers_the_ratio_and_is_narrower_than_unpaired():
    rng = np.random.default_rng(0)
    covered, widths = 0, []
    for _ in range(400):
        hard = rng.gamma(2.0, size=(1, 80))
        a = 1.2 * hard * rng.gamma(30.0, 1 / 30, (1, 80))
        b = hard * rng.gamma(30.0, 1 / 30, (1, 80))
        low, high = paired_interval_db(a, b, np.arange(80))
        covered += low <= 10 * np.log10(1.2) <= high
        widths.append(high - low)
    assert 0.91 < covered / 400 < 0.985
    # Unpaired, each mean deviates by root(1 / 2 / 80), both together by 0.49 dB.
    assert np.mean(widths) < 0.5 * 2 * 1.96 * 0.49
    assert paired_interval_db(a, b, np.zeros(80, int)) == (-np.inf, np.inf)


def test_copies_of_the_real_ones_teach_as_much(one_path):
    train = one_path(300, 1)
    generated = np.concatenate([one_path(75, 3), train])
    found = train_on_generated_test_on_real(
        train, generated, one_path(100, 2), **OPTIONS
    )
    assert found.num_train == 300
    for row in found.rows:
        assert row.difference_db == pytest.approx(0, abs=1e-5)
    names = [(row.tested_on, row.snr_db) for row in found.rows[:2]]
    assert names == [("real", 0.0), ("real", 10.0)]
    mean = found.mean("real")
    both = [row.trained_on_real_db for row in found.rows[:2]]
    assert mean.trained_on_real_db == pytest.approx(np.mean(both))
    assert len(found.rows) == 6


def test_a_gaussian_teaches_less_with_intervals_apart(one_path, gaussian):
    found = train_on_generated_test_on_real(
        one_path(400, 1), gaussian(500, 2), one_path(200, 3), **OPTIONS
    )
    mean = found.mean("real")
    assert mean.difference_db > 1
    assert mean.low_db > 0.5
    assert mean.low_db < mean.difference_db < mean.high_db
    # And on white channels the estimator of paths is the worse one.
    assert found.mean("generated").high_db < 0


def test_strength_is_chosen_once(one_path):
    found = train_on_generated_test_on_real(
        one_path(100, 1),
        one_path(125, 2),
        one_path(30, 3),
        **{**OPTIONS, "strength": None},
    )
    assert found.strength in (4.0, 32.0, 256.0)


def test_exchange_refuses(one_path, gaussian):
    h = one_path(50, 1)
    for change, message in (
        ({"snr_db": ()}, r"snr_db must be \[num_snr\] with one at least"),
        ({"snr_db": np.nan}, "snr_db must be between -150 and 150 dB, got nan"),
        ({"num_components": 64}, "must leave at least 64 channels"),
        ({"seed": -1}, "seed must be at least 0"),
    ):
        with pytest.raises(ValueError, match=message):
            train_on_generated_test_on_real(h, h, h, **{**OPTIONS, **change})
    with pytest.raises(ValueError, match="generated must hold channels of the shape"):
        train_on_generated_test_on_real(h, gaussian(30, 1, (3,)), h, **OPTIONS)


@pytest.fixture(scope="module")
def equal_link(one_path):
    """Links over two draws of paths, one of half the power."""
    return link_bler(
        one_path(256, 1),
        one_path(256, 2) / np.sqrt(2),
        ("rx",),
        seed=1,
        bler=(0.3,),
        max_num_blocks=256,
        snr_step_db=2,
    )


def test_half_the_power_costs_three_decibels(equal_link):
    gap = equal_link.gaps[0]
    assert gap.low_db < 10 * np.log10(2) < gap.high_db
    assert gap.high_db - gap.low_db < 4
    assert gap.gap_db == pytest.approx(gap.generated.snr_db - gap.real.snr_db)


def test_each_channel_serves_once_at_each_snr(equal_link):
    for row in equal_link.rows:
        assert row["num_blocks"] <= 256
        assert row["bler_low"] <= row["bler"] <= row["bler_high"]
    assert {row["source"] for row in equal_link.rows} == {"real", "generated"}


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((2, 3), ("rx", "tx")),
        ((4, 6), ("time", "subcarrier")),
    ],
)
def test_links_run_over_matrices_and_grids(gaussian, shape, layout):
    found = link_bler(
        gaussian(64, 1, shape),
        gaussian(64, 2, shape),
        layout,
        seed=1,
        bler=(0.5,),
        max_num_blocks=64,
        snr_step_db=3,
    )
    assert np.isfinite(found.gaps[0].gap_db)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((64, 1, 1, 1), (64, 1, 14, 12)),
        ((1, 64, 1, 1), (64, 1, 14, 12)),
        ((3, 2, 1, 30), (3, 2, 14, 30)),
        ((2, 3, 8, 5), (3, 2, 8, 5)),
        ((1, 1, 14, 72), (1, 1, 14, 72)),
        ((8, 8, 3, 4), (8, 8, 14, 4)),
        ((1, 1, 40, 4), (1, 1, 14, 4)),
    ],
)
def test_slots_fit_every_layout(gaussian, shape, expected):
    """Receive antennas, streams, symbols, subcarriers."""
    config = _link(gaussian(2, 1, shape), seed=0).config
    found = (config.num_rx_ant, config.num_streams, config.num_ofdm_symbols)
    assert (*found, config.fft_size) == expected


def test_links_refuse(gaussian):
    h = gaussian(80, 1)
    for change, message in (
        ({"bler": ()}, "bler must be rates between 0 and 1"),
        ({"bler": (0.0,)}, "bler must be rates between 0 and 1"),
        ({"max_num_blocks": 10}, "max_num_blocks must be at least 64"),
        ({"snr_step_db": 0}, "snr_step_db must be finite and above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            link_bler(h, h, ("rx",), seed=1, **change)
    with pytest.raises(ValueError, match="at least 64 channels each, got 80 and 30"):
        link_bler(h, h[:30], ("rx",), seed=1)
    many = gaussian(64, 1, (9, 9))
    with pytest.raises(ValueError, match="at most 8 antennas at one end, got 9 and 9"):
        link_bler(many, many, ("rx", "tx"), seed=1)
