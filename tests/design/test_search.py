"""Searched constellations, beside tables, limits and exhaustive ones."""

import numpy as np
import pytest
from pydantic import ValidationError

from commgen.design.goal import ConstellationGoal
from commgen.design.needed import snr_db_needed
from commgen.design.report import rows, shannon_snr_db
from commgen.design.search import design_constellation, strongest_first
from commgen.frame.constellation import Constellation
from commgen.frame.information import bit_information, gmi, snr_db_for
from commgen.measures.decibel import noise_variance

SMALL = {"num_bits_per_symbol": 3, "rate": 2.0}


@pytest.fixture(scope="module")
def geometric():
    return design_constellation(ConstellationGoal(**SMALL), num_starts=3)


def test_eight_points_beat_psk_and_what_chance_finds(geometric):
    # Gray 8-PSK is the usual one; 5,000 random ones are a search without a method.
    order = [0, 1, 3, 2, 6, 7, 5, 4]
    psk = Constellation.of(np.exp(2j * np.pi * np.arange(8) / 8), order)
    best = geometric[0]
    assert best.snr_db < snr_db_for(psk, 2.0) - 0.05
    rng = np.random.default_rng(0)
    no = float(noise_variance(best.snr_db))
    for _ in range(200):
        points = rng.normal(size=8) + 1j * rng.normal(size=8)
        assert gmi(Constellation.of(points), no, order=8) < 2.0


def test_what_is_promised_is_what_is_carried(geometric):
    for found in geometric:
        no = float(noise_variance(found.snr_db))
        assert gmi(found.constellation, no, order=48) == pytest.approx(2, abs=2e-4)
        assert found.constellation.card["snr_db"] == pytest.approx(found.snr_db, 1e-4)
    needed = [found.snr_db for found in geometric]
    assert needed == sorted(needed)
    assert needed[0] > shannon_snr_db(2.0)


def test_the_strongest_bit_comes_first(geometric):
    found = geometric[0]
    no = float(noise_variance(found.snr_db))
    each = bit_information(found.constellation, no)
    assert (np.diff(each) <= 1e-3).all()
    turned = Constellation.of(
        found.constellation.points, found.constellation.bits[:, ::-1] @ [4, 2, 1]
    )
    again = strongest_first(turned, found.snr_db)
    np.testing.assert_allclose(bit_information(again, no), each, atol=1e-6)
    assert gmi(turned, no) == pytest.approx(gmi(again, no), abs=1e-9)


def test_a_seed_decides(geometric):
    again = design_constellation(ConstellationGoal(**SMALL), num_starts=1)
    first = next(f for f in geometric if f.constellation.card["start"] == 0)
    assert (again[0].constellation.points == first.constellation.points).all()


def test_joint_shaping_of_sixteen_points_reaches_the_table():
    goal = ConstellationGoal(num_bits_per_symbol=4, rate=3.0, shaping="joint")
    best = design_constellation(goal, num_starts=2)[0]
    assert best.snr_db <= 8.86
    assert best.constellation.is_shaped


def test_shaped_qam_is_near_maxwell_and_boltzmann():
    # The best probabilities of a lattice are near exp(-v |x|^2), to some 0.01 dB.
    goal = ConstellationGoal(num_bits_per_symbol=4, rate=3.0, shaping="probabilistic")
    best = design_constellation(goal)[0]
    qam = Constellation.qam(4).points
    family = []
    for v in np.linspace(0.2, 1.2, 11):
        p = np.exp(-v * np.abs(qam) ** 2)
        family.append(snr_db_for(Constellation.of(qam, None, p / p.sum()), 3.0))
    assert min(family) - 0.02 < best.snr_db < min(family) + 1e-3


def test_peak_power_is_kept():
    goal = ConstellationGoal(**SMALL, peak_db=0.5)
    best = design_constellation(goal, num_starts=2)[0]
    assert best.constellation.peak_to_average_db <= 0.51


def test_least_distance_is_kept():
    goal = ConstellationGoal(**SMALL, least_distance=0.75)
    best = design_constellation(goal, num_starts=2)[0]
    assert best.constellation.least_distance >= 0.749


def test_phase_noise_is_met_with_other_points():
    goal = ConstellationGoal(num_bits_per_symbol=4, rate=3.0, phase_noise_deg=8.0)
    best = design_constellation(goal, num_starts=2)[0]
    assert best.snr_db < snr_db_needed(Constellation.qam(4), goal) - 0.1


def test_rate_that_phase_noise_forbids_is_infinite():
    goal = ConstellationGoal(num_bits_per_symbol=4, rate=3.9, phase_noise_deg=30.0)
    assert snr_db_needed(Constellation.qam(4), goal) == np.inf


def test_limits_without_room_are_named():
    goal = ConstellationGoal(**SMALL, least_distance=1.2)
    with pytest.raises(
        ValueError, match=r"least_distance = 1\.2 must leave room for 8"
    ):
        design_constellation(goal, num_starts=1)


def test_rows_have_shannon_at_the_end(geometric):
    table = rows(geometric, ConstellationGoal(**SMALL))
    assert table[0]["constellation"] == "designed"
    assert table[-1]["gap_db"] == 0
    assert table[0]["gap_db"] == pytest.approx(geometric[0].snr_db - 4.771, abs=1e-3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rate": 6.0}, "rate must be below num_bits_per_symbol = 6"),
        ({"rate": 0}, "greater than 0"),
        ({"num_bits_per_symbol": 9, "rate": 4}, "less than or equal to 8"),
        (
            {"shaping": "probabilistic", "num_bits_per_symbol": 5, "rate": 4},
            "must be even",
        ),
        ({"shaping": "probabilistic", "peak_db": 3, "rate": 4}, "must be left out"),
        ({}, "rate or snr_db must be given, one of them, got None and None"),
        ({"rate": 4, "snr_db": 3}, "rate or snr_db must be given, one of them, got 4"),
        ({"snr_db": []}, "at least 1 item"),
        ({"snr_db": 99}, "less than or equal to 50"),
        ({"rate": 4, "cfo_deg": -1}, "greater than or equal to 0"),
        ({"rate": 4, "saturation": 0}, "greater than 0"),
        ({"rate": 4, "gains": [1], "rice_factor": 0}, "rice_factor must be left out"),
        ({"rate": 4, "gains": [0, 0]}, "gains must have one above 0, got 2"),
        ({"rate": 4, "gains": [-1]}, "greater than or equal to 0"),
        ({"snr": 3}, "Extra inputs"),
    ],
)
def test_goals_that_cannot_be_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        ConstellationGoal(**values)
