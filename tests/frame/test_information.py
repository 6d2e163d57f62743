"""What constellations carry, beside closed forms, limits and sampling."""

import numpy as np
import pytest
from scipy import integrate

from commgen.frame.constellation import Constellation
from commgen.frame.information import (
    Observations,
    bit_information,
    bit_loss,
    faded,
    gmi,
    mutual_information,
    sampled_gmi,
    shannon,
    snr_db_for,
    white_noise,
)

RNG = np.random.default_rng(5)
ODD = Constellation.of(
    RNG.normal(size=8) + 1j * RNG.normal(size=8), None, RNG.dirichlet(5 * np.ones(8))
)


def bpsk_information(snr):
    """Information of an antipodal bit, by adaptive integration."""

    def loss(u):
        density = np.exp(-(u**2)) / np.pi**0.5
        return density * np.logaddexp(0, -4 * snr - 4 * snr**0.5 * u) / np.log(2)

    return 1 - integrate.quad(loss, -8, 8, epsabs=1e-11)[0]


@pytest.mark.parametrize("snr", [0.1, 1.0, 5.0])
def test_qpsk_is_two_antipodal_bits(snr):
    exact = 2 * bpsk_information(snr / 2)
    for measure in (gmi, mutual_information):
        value = measure(Constellation.qam(2), 1 / snr, order=64)
        assert value == pytest.approx(exact, abs=2e-6)
        assert measure(Constellation.qam(2), 1 / snr) == pytest.approx(exact, abs=1e-5)


def test_published_snr_of_gray_qam():
    # 4 bits with 64-QAM: 12.72 dB, 0.96 dB from Shannon's 11.76.
    assert snr_db_for(Constellation.qam(6), 4.0) == pytest.approx(12.72, abs=0.005)
    assert 10 * np.log10(2**4 - 1) == pytest.approx(11.76, abs=0.005)


def test_labels_cost_and_shannon_bounds():
    no = np.array([0.03, 0.3, 3.0])
    for constellation in (ODD, Constellation.qam(4)):
        bits = gmi(constellation, no)
        symbols = mutual_information(constellation, no)
        assert (bits <= symbols + 1e-9).all()
        assert (symbols < shannon(no)).all()


def test_without_noise_all_arrives():
    assert gmi(ODD, 1e-6) == pytest.approx(ODD.entropy, abs=1e-9)
    assert gmi(ODD, 1e6) == pytest.approx(0, abs=1e-5)


def test_sampling_agrees():
    no, n = 0.2, 40_000
    sent = RNG.choice(8, n, p=ODD.probabilities)
    noise = RNG.normal(size=n) + 1j * RNG.normal(size=n)
    y = ODD.points[sent] + (no / 2) ** 0.5 * noise
    score = np.log(ODD.probabilities) - np.abs(y[:, None] - ODD.points) ** 2 / no
    llr = np.stack(
        [
            np.logaddexp.reduce(score[:, one == 1], axis=1)
            - np.logaddexp.reduce(score[:, one == 0], axis=1)
            for one in ODD.bits.T
        ],
        axis=1,
    )
    value, low, high = sampled_gmi(llr, ODD.bits[sent], ODD.entropy)
    assert low < value < high
    half = (high - low) / 2
    assert abs(gmi(ODD, no) - value) < 2 * half < 0.1


def test_bits_of_qam_add_up_and_the_sign_is_the_strongest():
    each = bit_information(Constellation.qam(6), 0.06)
    assert each.sum() == pytest.approx(gmi(Constellation.qam(6), 0.06), abs=1e-6)
    np.testing.assert_allclose(each[::2], each[1::2], rtol=1e-6)
    assert each[0] > each[2] > each[4]
    assert (bit_information(ODD, 1e-5) > 0).all()


def test_fading_is_a_mean_over_gains():
    gains = np.array([0.0, 0.5, 2.0])
    by_hand = (gmi(ODD, 0.4) + gmi(ODD, 0.1)) / 3
    assert faded(gmi, ODD, 0.2, gains) == pytest.approx(by_hand)
    for wrong in ([-1.0], [np.nan], [], [[1.0]]):
        with pytest.raises(ValueError, match="gains must be"):
            faded(gmi, ODD, 0.2, wrong)


@pytest.mark.parametrize("phase_var", [0.0, 0.1])
def test_derivatives_are_those_of_differences(phase_var):
    seen = white_noise(0.3, 6)
    turns = np.exp(0.2j * RNG.normal(size=len(seen.turns)))
    variances = 1.2 * seen.variances
    seen = Observations(turns, seen.noises, variances, seen.weights, phase_var)
    x, log_p, step = ODD.points, np.log(ODD.probabilities), 1e-6

    def slope(dx, dp):
        up = bit_loss(x + step * dx, log_p + step * dp, seen).nats
        down = bit_loss(x - step * dx, log_p - step * dp, seen).nats
        return (up - down) / (2 * step)

    loss = bit_loss(x, log_p, seen)
    for i, unit in enumerate(np.eye(len(x))):
        assert slope(unit, 0) == pytest.approx(loss.by_point[i].real, abs=1e-6)
        assert slope(1j * unit, 0) == pytest.approx(loss.by_point[i].imag, abs=1e-6)
        assert slope(0, unit) == pytest.approx(loss.by_log_p[i], abs=1e-6)


def test_bad_input():
    with pytest.raises(ValueError, match="rate must be below the 4 bits"):
        snr_db_for(Constellation.qam(4), 4.0)
    with pytest.raises(ValueError, match="no"):
        gmi(ODD, -1.0)
    with pytest.raises(ValueError, match="order"):
        gmi(ODD, 1.0, order=1)
    with pytest.raises(ValueError, match="llr and bits must both be"):
        sampled_gmi(np.zeros((3, 2)), np.zeros((3, 1), int), 2.0)
