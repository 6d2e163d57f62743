"""What a goal's channel does: quadratures beside closed forms and sampling."""

import numpy as np
import pytest
from scipy.special import exp1

from commgen.design.channel import gain_nodes, phase_nodes, rice_gains
from commgen.design.climb import carried
from commgen.design.goal import ConstellationGoal
from commgen.design.needed import best_back_off_db, snr_db_needed
from commgen.design.report import rows
from commgen.design.search import design_constellation
from commgen.frame.constellation import Constellation
from commgen.frame.information import faded, gmi, sampled_gmi
from commgen.frame.llr import demap

QAM = Constellation.qam(4)


def test_phases_have_the_moments_of_their_sum():
    phase, share = phase_nodes(0.1, 0.4, 7)
    assert share.sum() == pytest.approx(1)
    variance = 0.1**2 + 0.4**2 / 12
    assert share @ phase**2 == pytest.approx(variance, rel=1e-4)
    # Kurtosis of a sum: of cumulants, the fourth of a uniform being -w^4 / 120.
    fourth = 3 * variance**2 - 0.4**4 / 120
    assert share @ phase**4 == pytest.approx(fourth, rel=1e-3)
    assert phase_nodes(0, 0, 5)[0].tolist() == [0]
    np.testing.assert_allclose(
        phase_nodes(0.0, 2.0, 5)[0], np.polynomial.legendre.leggauss(5)[0], atol=1e-5
    )


def test_few_gains_carry_what_rayleigh_fading_does():
    # E log(1 + g snr) = exp(1/snr) E1(1/snr) of an exponential gain.
    gains = rice_gains(0.0)
    assert gains.mean() == pytest.approx(1, abs=1e-3)
    for snr in (3.0, 30.0):
        nodes, share = gain_nodes(gains, snr, 10)
        exact = np.exp(1 / snr) * exp1(1 / snr)
        assert share @ np.log1p(snr * nodes) == pytest.approx(exact, rel=2e-3)
    goal = ConstellationGoal(num_bits_per_symbol=4, rate=2.0, rice_factor=0.0)
    many = faded(gmi, QAM, 0.1, gains[8::16])
    assert carried(QAM, goal, 10.0) == pytest.approx(many, abs=3e-3)
    one = gain_nodes(np.ones(5), 3.0, 10)
    assert [v.tolist() for v in one] == [[1], [1]]


def test_given_gains_are_those_of_the_distribution():
    gains = tuple(5 * rice_gains(2.0))
    of = {"num_bits_per_symbol": 4, "rate": 2.0}
    given = ConstellationGoal(**of, gains=gains)
    named = ConstellationGoal(**of, rice_factor=2.0)
    values = [carried(QAM, g, 9.0) for g in (given, named)]
    assert values[0] == pytest.approx(values[1], abs=1e-9)
    assert given.shannon_snr_db == pytest.approx(named.shannon_snr_db, abs=1e-6)


def test_an_offset_carries_what_samples_carry():
    goal = ConstellationGoal(num_bits_per_symbol=4, rate=3, cfo_deg=25)
    rng, n, no = np.random.default_rng(1), 40_000, 10**-1.3
    bits = rng.integers(2, size=(n, 4))
    phase = np.deg2rad(25) * (rng.random(n) - 0.5)
    noise = np.sqrt(no / 2) * (rng.normal(size=n) + 1j * rng.normal(size=n))
    y = QAM.points[bits @ [8, 4, 2, 1]] * np.exp(1j * phase) + noise
    llr = demap(y, no, QAM, phase_var=goal.phase_var)
    _, low, high = sampled_gmi(llr, bits, 4, confidence=0.9999)
    assert low < carried(QAM, goal, 13.0) < high


def test_several_snrs_count_by_their_mean():
    goal = ConstellationGoal(num_bits_per_symbol=3, snr_db=[4, 9])
    found = design_constellation(goal, num_starts=2)[0]
    by_hand = np.mean([gmi(found.constellation, 10 ** (-s / 10)) for s in (4, 9)])
    assert found.rate == pytest.approx(by_hand, abs=1e-6)
    assert found.snr_db == 6.5
    table = rows([found], goal)
    assert table[0]["gap"] == pytest.approx(table[-1]["rate"] - found.rate)
    # At each SNR alone another one may be better, never by less than nothing.
    for snr_db in (4, 9):
        alone = ConstellationGoal(num_bits_per_symbol=3, snr_db=snr_db)
        best = design_constellation(alone, num_starts=2)[0]
        assert best.rate > carried(found.constellation, alone, snr_db) - 1e-4


def test_saturation_is_met_with_other_points():
    goal = ConstellationGoal(num_bits_per_symbol=4, rate=3.0, saturation=2.0)
    best = design_constellation(goal, num_starts=2)[0]
    back_off_db = best_back_off_db(QAM, goal)
    qam = snr_db_needed(QAM, goal, back_off_db=back_off_db)
    for other in (-1, 1):  # it is the best back-off
        assert qam < snr_db_needed(QAM, goal, back_off_db=back_off_db + other)
    assert best.snr_db < qam - 0.2
    assert best.constellation.card["back_off_db"] == round(best.back_off_db, 4)
    # No amplifier gives more than its saturated power.
    assert best.snr_db > goal.shannon_snr_db


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"peak_db": 3.0}, "peak_db and least_distance must be left out where an amp"),
        ({"shaping": "probabilistic"}, "shaping must be geometric or joint where an"),
    ],
)
def test_an_amplifier_is_a_limit_by_itself(values, message):
    with pytest.raises(ValueError, match=message):
        ConstellationGoal(rate=4.0, saturation=2.0, **values)


def test_a_rate_is_needed_for_an_snr():
    goal = ConstellationGoal(snr_db=10)
    with pytest.raises(ValueError, match=r"rate must be given, got snr_db = \(10.0,\)"):
        snr_db_needed(QAM, goal)
