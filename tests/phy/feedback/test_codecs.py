"""Feedback: bits that can be read again, and no more of them than theory says."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture
from commgen.phy.feedback import MixtureTransformCodec, Report
from commgen.phy.feedback.arithmetic import TOTAL, cumulative, decode, encode
from commgen.phy.feedback.quantiser import Quantisers, quantisers

SPECTRUM = np.array([2.5, 1.0, 0.3, 0.1, 0.05, 0.02, 0.02, 0.01])


def gaussians(seed, n, spectrum=SPECTRUM):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, len(spectrum), 2)) @ [1, 1j] / np.sqrt(2)
    mix = np.linalg.qr(np.random.default_rng(9).standard_normal((8, 8)))[0]
    return (x * np.sqrt(spectrum) @ mix.T).astype(np.complex64)


@pytest.fixture(scope="module")
def prior():
    return GaussianMixture((8,), 1).fit(gaussians(0, 20_000), seed=0)


@pytest.fixture(scope="module")
def mixture():
    both = [gaussians(1, 4000), gaussians(2, 4000, SPECTRUM[::-1])]
    return GaussianMixture((8,), 2).fit(np.concatenate(both), seed=0)


def test_symbols_come_back_in_as_many_bits_as_they_tell():
    rng = np.random.default_rng(0)
    ends = np.array([1, 4, 20])
    tables = np.full((3, 42), TOTAL)
    shares = []
    for i, end in enumerate(ends):
        p = rng.dirichlet(np.full(2 * end + 1, 0.3))
        tables[i, : len(p) + 1] = cumulative(p)
        shares.append(np.diff(tables[i, : len(p) + 1]) / TOTAL)
    first = cumulative([0.9, 0.1])
    for trial in range(200):
        which = rng.integers(3, size=rng.integers(0, 60))
        symbols = np.array(
            [rng.choice(len(shares[w]), p=shares[w]) - ends[w] for w in which], int
        )
        head = int(rng.random() < 0.1)
        bits = np.empty(2000, np.uint8)
        n = encode(head, symbols, which, first, tables, ends, bits)
        found = np.empty_like(symbols)
        both = np.stack([which, which])
        assert decode(bits[:n], both, first, tables, ends, found) == head
        np.testing.assert_array_equal(found, symbols)
        told = -np.log2([0.9, 0.1][head]) - sum(
            np.log2(shares[w][s + ends[w]]) for w, s in zip(which, symbols, strict=True)
        )
        told += sum(np.abs(symbols) == ends[which])  # escapes of no excess
        assert told - 1e-3 < n < told + 2.1, trial


@pytest.mark.parametrize("excess", [0, 1, 2, 3, 100, 5000])
def test_what_lies_outside_a_table_is_written_too(excess):
    ends, tables = np.array([1]), cumulative([0.2, 0.6, 0.2])[None]
    symbols = np.array([0, -1 - excess, 1 + excess, 0])
    bits, found = np.empty(200, np.uint8), np.zeros(4, np.int64)
    which, first = np.zeros(4, np.int64), np.array([0, TOTAL])
    n = encode(0, symbols, which, first, tables, ends, bits)
    assert decode(bits[:n], which[None], first, tables, ends, found) == 0
    np.testing.assert_array_equal(found, symbols)


def test_no_room_is_told():
    ends, tables = np.array([1]), cumulative([0.2, 0.6, 0.2])[None]
    args = np.ones(40, np.int64), np.zeros(40, np.int64), np.array([0, TOTAL])
    assert encode(0, *args, tables, ends, np.empty(10, np.uint8)) == -1


def test_quantisers_are_as_far_from_the_limit_as_theory_says():
    q = quantisers()
    excess = []
    for log2 in np.arange(0.0, 16.0, 1.0):
        t = int(Quantisers.number_of(np.array(2.0**log2)))
        n = 2 * q.ends[t] + 1
        p = np.diff(q.tables[t, : n + 1]) / TOTAL
        error, rate = p @ q.errors[t, :n], p @ q.lengths[t, :n]
        if q.ends[t] == 0:
            assert log2 <= 1
            continue
        excess.append(rate - 0.5 * np.log2(2.0**log2 / error))
    assert min(excess) > 0  # the rate-distortion function
    assert np.diff(excess).max() > 0
    # 0.5 log2(2 pi e / 12) of a uniform quantiser.
    assert excess[7:10] == pytest.approx([0.2546] * 3, abs=0.01)
    assert max(excess) < 0.3  # tables of 16 bits


def test_quantisers_at_one_price_share_their_slope():
    """A bit more saves the same error wherever it is spent: -dD/dR = 1."""
    q = quantisers()
    for log2 in (4.0, 8.0, 12.0):
        t = int(Quantisers.number_of(np.array(2.0**log2)))
        n = 2 * q.ends[t] + 1
        p = np.diff(q.tables[t, : n + 1]) / TOTAL
        assert p @ q.errors[t, :n] == pytest.approx(1 / (2 * np.log(2)), rel=0.03)


@pytest.mark.parametrize("num_bits", [6, 12, 24, 60])
def test_a_gaussian_costs_what_reverse_water_filling_and_scalars_do(prior, num_bits):
    codec = MixtureTransformCodec.of_rate(prior, gaussians(0, 2000), num_bits)
    h = gaussians(3, 4000)
    report = codec.encode(h)
    assert report.num_bits.mean() == pytest.approx(num_bits, rel=0.03, abs=0.4)
    found = codec.decode(report)
    error = np.sum(np.abs(found.mean - h) ** 2, axis=1)
    assert error.mean() == pytest.approx(found.err_var.sum(axis=1).mean(), rel=0.03)
    bits = limit(error.mean())
    assert bits < report.num_bits.mean() < bits + 0.26 * 16 + 1.5
    again = MixtureTransformCodec(prior, codec.price).encode(h[:5])
    assert all(map(np.array_equal, again.bits, report.bits))


def limit(error):
    """Bits of complex Gaussians at a total error: reverse water-filling."""
    low, high = 0.0, SPECTRUM.max()
    for _ in range(60):
        water = (low + high) / 2
        less = np.minimum(SPECTRUM, water).sum() < error
        low, high = (water, high) if less else (low, water)
    return np.sum(np.log2(np.maximum(SPECTRUM / low, 1)))


def test_components_pay(prior, mixture):
    h = np.concatenate([gaussians(4, 1000), gaussians(5, 1000, SPECTRUM[::-1])])
    single = GaussianMixture((8,), 1).fit(h, seed=0)
    errors = []
    for model in (single, mixture):
        codec = MixtureTransformCodec.of_rate(model, h[::4], 16)
        found = codec.decode(codec.encode(h))
        errors.append(np.mean(np.abs(found.mean - h) ** 2))
    assert errors[1] < 0.7 * errors[0]


def test_channels_beyond_all_expectation_arrive(mixture):
    codec = MixtureTransformCodec(mixture, 0.01)
    h = 30 * gaussians(6, 50)
    error = np.abs(codec.decode(codec.encode(h)).mean - h) ** 2
    assert error.sum(axis=1).mean() < 0.05 * np.mean(np.sum(np.abs(h) ** 2, axis=1))


def test_low_rank_covariances_leave_what_they_do_not_know():
    h = gaussians(7, 4000)
    model = GaussianMixture((8,), 1, "low-rank", rank=3).fit(h, seed=0)
    codec = MixtureTransformCodec(model, 1e-4)
    found = codec.decode(codec.encode(h))
    error = np.sum(np.abs(found.mean - h) ** 2, axis=1).mean()
    assert error == pytest.approx(SPECTRUM[3:].sum(), rel=0.1)
    assert found.err_var.sum(axis=1).mean() == pytest.approx(error, rel=0.1)


@pytest.mark.parametrize("missing", [1, 2, 7, 1000])
def test_a_report_that_was_cut_short_is_refused(mixture, missing):
    codec = MixtureTransformCodec(mixture, 0.01)
    for bits in codec.encode(gaussians(8, 20)).bits:
        with pytest.raises(ValueError, match="bits must be a whole report"):
            codec.decode(Report((bits[: max(len(bits) - missing, 0)],)))


def test_bad_input_is_named(prior):
    with pytest.raises(ValueError, match="price must be finite and above"):
        MixtureTransformCodec(prior, 0.0)
    with pytest.raises(ValueError, match="num_bits must be between"):
        MixtureTransformCodec.of_rate(prior, gaussians(0, 100), 1e6)
    with pytest.raises(ValueError, match="num_bits must be finite and above"):
        MixtureTransformCodec.of_rate(prior, gaussians(0, 100), 0)
    with pytest.raises(ValueError, match="prior must be a GaussianMixture"):
        MixtureTransformCodec(GaussianMixture((8,), 2, num_conditions=1), 0.1)
    codec = MixtureTransformCodec(prior, 0.1)
    with pytest.raises(ValueError, match=r"h must be \[n, 8\]"):
        codec.encode(gaussians(0, 4)[:, :7])
    with pytest.raises(ValueError, match="zeros and ones"):
        codec.decode(Report((np.array([0, 2], np.uint8),)))
