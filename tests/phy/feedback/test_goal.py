"""Reports for the rate: the best of all that could be sent, and better than others."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture
from commgen.phy.feedback import MixtureTransformCodec, RateTransformCodec, Report

SPECTRUM = np.array([4.0, 2.5, 1.0, 0.3, 0.1, 0.05, 0.04, 0.01])
LINK = {"no": 0.1, "num_users": 4}


def channels(seed, n):
    """Half of few directions, half of all; turned by one matrix."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 8, 2)) @ [1, 1j] / np.sqrt(2)
    x[::2] *= np.sqrt(SPECTRUM)
    mix = np.linalg.qr(np.random.default_rng(9).standard_normal((8, 8)))[0]
    return (x @ mix.T).astype(np.complex64)


@pytest.fixture(scope="module")
def prior():
    return GaussianMixture((8,), 2).fit(channels(0, 8000), seed=0)


@pytest.fixture(scope="module")
def codec(prior):
    return RateTransformCodec.of_rate(prior, channels(1, 300), 20, **LINK)


def told_rates(h, h_hat):
    """Equation of the class, with the phase that errs least."""
    inner = np.abs(np.sum(h_hat.conj() * h, axis=-1))
    norm = np.sum(np.abs(h_hat) ** 2, axis=-1)
    error = np.sum(np.abs(h) ** 2, axis=-1) + norm - 2 * inner
    noise = 0.1 + error / 8
    return np.log2(1 + inner**2 / np.maximum(norm, 1e-30) / 4 / noise)


def test_a_report_is_the_best_of_all_modes_and_phases(prior):
    codec = RateTransformCodec(
        prior, **LINK, bit_worth=0.05, prices=[0.05, 0.4], num_phases=3
    )
    h = channels(2, 12)
    report = codec.encode(h)
    sent = told_rates(h, codec.decode(report).mean) - 0.05 * report.num_bits
    best = np.full(len(h), -np.inf)
    for price in codec.prices:
        for turn in np.exp(0.5j * np.pi * np.arange(3) / 3):
            other = MixtureTransformCodec(prior, price)
            found = other.encode(h * turn)
            bits = found.num_bits + 1  # the name of the price
            gain = told_rates(h, other.decode(found).mean) - 0.05 * bits
            best = np.maximum(best, gain)
    # Streams end up to two bits behind what is counted.
    assert (sent > best - 0.05 * 2.1).all()
    assert np.mean(sent) > np.mean(best) - 0.02


def test_rates_are_above_those_of_least_error_at_the_same_bits(prior, codec):
    h = channels(3, 2000)
    other = MixtureTransformCodec.of_rate(prior, channels(1, 300), 20)
    found = []
    for each in (other, codec):
        report = each.encode(h)
        assert report.num_bits.mean() == pytest.approx(20, abs=1)
        found.append(told_rates(h, each.decode(report).mean))
    gain = found[1] - found[0]
    assert gain.mean() > 5 * gain.std() / np.sqrt(len(h))


def test_the_phase_is_free(codec):
    h = channels(4, 200)
    turned = h * np.exp(1j * np.linspace(0, 6, 200))[:, None].astype(np.complex64)
    rates = [told_rates(h, codec.decode(codec.encode(x)).mean) for x in (h, turned)]
    assert np.mean(rates[0]) == pytest.approx(np.mean(rates[1]), rel=0.02)


def test_a_rate_without_error_is_that_of_a_matched_filter(prior):
    codec = RateTransformCodec(prior, **LINK, bit_worth=0.1, prices=[0.5])
    c = channels(5, 6).astype(complex)
    gain = np.sum(np.abs(c) ** 2, axis=1) * 0.5
    wanted = np.log2(1 + gain / 4 / 0.1)
    np.testing.assert_allclose(codec.rate(c, c, np.zeros(6), 0.5), wanted)
    turned = codec.rate(c, c * 1j, 2 * np.sum(np.abs(c) ** 2, axis=1), 0.5)
    np.testing.assert_allclose(turned, wanted)
    assert not codec.rate(c, 0 * c, gain, 0.5).any()


def test_the_covariance_of_the_error_is_what_is_measured():
    prior = GaussianMixture((8,), 1).fit(channels(0, 8000)[::2], seed=0)
    codec = MixtureTransformCodec(prior, 0.3)
    h = channels(6, 8000)[::2]
    report = codec.encode(h)
    found = codec.decode(report)
    told = codec.error_covariance(report)
    np.testing.assert_allclose(
        np.diagonal(told, axis1=1, axis2=2).real, found.err_var, atol=1e-6
    )
    error = found.mean - h
    measured = error.T @ error.conj() / len(h)
    np.testing.assert_allclose(measured, told.mean(axis=0), atol=0.02)


def test_a_report_that_was_cut_short_is_refused(codec):
    (bits,) = codec.encode(channels(7, 1)).bits
    with pytest.raises(ValueError, match="bits must be a whole report"):
        codec.decode(Report((bits[:-2],)))


def test_bad_input_is_named(prior):
    def made(**changed):
        return RateTransformCodec(
            prior, **{**LINK, "bit_worth": 0.1, "prices": [0.5], **changed}
        )

    for name in ("no", "bit_worth", "leak"):
        with pytest.raises(ValueError, match=f"{name} must be finite and above 0"):
            made(**{name: 0.0})
    with pytest.raises(ValueError, match="prices must be finite and above 0"):
        made(prices=[1.0, -1.0])
    with pytest.raises(ValueError, match="prices must be at least one"):
        made(prices=[])
    with pytest.raises(ValueError, match="price_weights must be 1 numbers"):
        made(price_weights=[0.5, 0.5])
    with pytest.raises(ValueError, match="num_phases must be at least 1"):
        made(num_phases=0)
    with pytest.raises(ValueError, match="num_bits must be between"):
        RateTransformCodec.of_rate(prior, channels(1, 50), 1e7, **LINK)
