"""The trellis codec: real bits, near the rate-distortion function, at any price."""

import numpy as np
import pytest

from commgen.phy.feedback import (
    Report,
    SteeredMixture,
    TrellisCodec,
    TrellisTables,
    learn_tables,
    steered_ideal_errors,
)
from commgen.phy.feedback.trellis_tables import gaussian_tables

N = 8


def one_beam(noise=1e-3):
    """A wide beam at zero, known and not fitted."""
    away = np.minimum(np.arange(2 * N), 2 * N - np.arange(2 * N))
    spectra = np.exp(-((away / 2.0) ** 2) / 2)[None]
    weights = np.full(spectra.shape, -np.log(spectra.size))
    return SteeredMixture(N * spectra / spectra.sum(), weights, noise)


def drawn(model, n, seed, direction=None):
    """Channels of a model, with their directions."""
    rng = np.random.default_rng(seed)
    variances, vectors = model.eigen
    shape = rng.integers(len(variances), size=n)
    every = rng.integers(2 * N, size=n)
    direction = every if direction is None else np.full(n, direction)
    c = rng.standard_normal((n, N, 2)) @ [1, 1j] / np.sqrt(2)
    c = c * np.sqrt(variances[shape])
    h = np.einsum("nij,nj->ni", vectors[shape], c)
    return model.steered(h, direction, 1).astype(np.complex64)


@pytest.fixture(scope="module")
def model():
    return one_beam()


@pytest.fixture(scope="module")
def tables(model):
    return learn_tables(model, drawn(model, 300, 1), [1.0, 0.2, 0.01], num_rounds=3)


def limit(variances, error):
    """Bits of complex Gaussians at a total error: reverse water-filling."""
    low, high = 0.0, variances.max()
    for _ in range(60):
        water = (low + high) / 2
        less = np.minimum(variances, water).sum() < error
        low, high = (water, high) if less else (low, water)
    return np.sum(np.log2(np.maximum(variances / low, 1)))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("num_bits", [12, 40])
def test_it_is_nearer_the_limit_than_quantisers_of_single_numbers(
    model, tables, num_bits
):
    codec = TrellisCodec.of_rate(model, tables, drawn(model, 150, 2), num_bits)
    h = drawn(model, 400, 3)
    report = codec.encode(h)
    spent = report.num_bits.mean()
    assert spent == pytest.approx(num_bits, rel=0.04)
    found = codec.decode(report)
    error = np.sum(np.abs(found.mean - h) ** 2, axis=1).mean()
    assert error == pytest.approx(found.err_var.sum(axis=1).mean(), rel=0.1)
    variances = model.eigen[0][0]
    bits = limit(variances, error)
    sent = np.sum(2 * (variances > 2 * codec.price))
    # The index tells at most four bits; a uniform quantiser would lose 0.25 bit of each
    # number that is sent, and the coder takes at most two.
    assert bits < spent < bits + 4 + 2 + 0.15 * sent


@pytest.mark.timeout(60)
def test_one_decoder_for_all_prices_and_beyond_all_expectation(model, tables):
    h = drawn(model, 40, 4)
    errors = []
    for price in (1.0, 0.1, 1e-3):
        codec = TrellisCodec(model, tables, price)
        found = codec.decode(codec.encode(h))
        errors.append(np.mean(np.abs(found.mean - h) ** 2))
    assert errors[0] > 2 * errors[1] > 20 * errors[2]
    codec = TrellisCodec(model, tables, 0.01)
    error = np.abs(codec.decode(codec.encode(30 * h)).mean - 30 * h) ** 2
    assert error.mean() < 0.05 * np.mean(np.abs(30 * h) ** 2)


@pytest.mark.parametrize("missing", [1, 2, 7, 1000])
def test_a_report_that_was_cut_short_is_refused(model, tables, missing):
    codec = TrellisCodec(model, tables, 0.01)
    for bits in codec.encode(drawn(model, 10, 5)).bits:
        with pytest.raises(ValueError, match="bits must be a whole report"):
            codec.decode(Report((bits[: max(len(bits) - missing, 0)],)))


def test_ideal_codes_reach_the_limit_and_the_codec_does_not(model, tables):
    h = drawn(model, 200, 9)
    errors = steered_ideal_errors(model, h, 30.0).mean()
    variances = model.eigen[0][0]
    # The index of 16 directions, of which neighbours are alike, tells something.
    assert 26 - 1 < limit(variances, errors) < 30
    codec = TrellisCodec.of_rate(model, tables, h, 30)
    found = codec.decode(codec.encode(h)).mean
    # The coder takes two bits, and the first steps of a path have few branches.
    most = steered_ideal_errors(model, h, 30.0 - 4).mean()
    assert errors < np.sum(np.abs(found - h) ** 2, axis=1).mean() < most
    with pytest.raises(ValueError, match="num_bits must be at least 4"):
        steered_ideal_errors(model, h, 1.0)


def test_more_candidates_cost_no_more(model, tables):
    h = drawn(model, 100, 6)
    costs = [
        TrellisCodec(model, tables, 0.05, num_candidates=num).searched(h).cost
        for num in (1, 16)
    ]
    assert np.all(costs[1] <= costs[0] + 1e-9)
    assert costs[1].sum() < costs[0].sum()


def test_tables_come_back_from_their_file(model, tables, tmp_path):
    tables.save(tmp_path / "t.npz")
    found = TrellisTables.load(tmp_path / "t.npz")
    assert found.num_states == tables.num_states
    for name in ("ends", "points", "errors", "tables"):
        np.testing.assert_array_equal(getattr(found, name), getattr(tables, name))
    h = drawn(model, 10, 8)
    ours, theirs = (
        TrellisCodec(model, t, 0.05).encode(h).bits for t in (tables, found)
    )
    assert all(map(np.array_equal, ours, theirs))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("num_states", np.int64(5), "num_states must be of"),
        ("num_states", np.ones(2, np.int64), "num_states must be one number"),
        ("ends", np.zeros(3, np.int64), r"ends must be \[274\]"),
        ("points", np.ones((274, 2)), r"points must be \[274"),
        ("points", np.ones((274, 2), np.float32), "points must be .*float64"),
        ("tables", None, "tables must rise from 0 to 65536"),
    ],
)
def test_tables_that_nobody_learned_are_refused(tables, tmp_path, name, value, message):
    arrays = {key: np.asarray(getattr(tables, key)) for key in vars(tables)}
    arrays[name] = arrays[name] * 0 if value is None else value
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        TrellisTables.load(tmp_path / "t.npz")


def test_bad_input_is_named(model):
    tables = gaussian_tables()
    with pytest.raises(ValueError, match="price must be finite and above"):
        TrellisCodec(model, tables, 0.0)
    with pytest.raises(ValueError, match="num_candidates must be at least 1"):
        TrellisCodec(model, tables, 0.1, num_candidates=0)
    h = drawn(model, 5, 7)
    with pytest.raises(ValueError, match="num_bits must be between"):
        TrellisCodec.of_rate(model, tables, h, 1e6)
    codec = TrellisCodec(model, tables, 0.1)
    with pytest.raises(ValueError, match=r"h must be \[n, 8\]"):
        codec.encode(h[:, :7])
    with pytest.raises(ValueError, match="zeros and ones"):
        codec.decode(Report((np.array([0, 2], np.uint8),)))


def test_errors_covary_as_the_transform_says(model, tables):
    h = drawn(model, 6, 5)
    codec = TrellisCodec(model, tables, 0.05)
    report = codec.encode(h)
    cov = codec.error_covariance(report)
    variances = np.diagonal(cov, axis1=1, axis2=2).real
    np.testing.assert_allclose(variances, codec.decode(report).err_var, rtol=1e-4)
    np.testing.assert_allclose(cov, np.swapaxes(cov, 1, 2).conj(), atol=1e-7)


def test_errors_of_many_channels_covary_as_promised(model, tables):
    h = drawn(model, 3000, 6, direction=3)
    codec = TrellisCodec(model, tables, 0.05)
    report = codec.encode(h)
    e = h - codec.decode(report).mean
    met = e.T @ e.conj() / len(e)
    promised = codec.error_covariance(report).mean(axis=0)
    assert np.linalg.norm(met - promised) < 0.2 * np.linalg.norm(promised)
    assert abs(promised[0, 1]) > 0.05 * promised[0, 0].real  # no diagonal would do


def test_turned_channels_are_cheaper(model, tables):
    h = drawn(model, 200, 7)
    plain, free = (TrellisCodec(model, tables, 0.05, num_phases=n) for n in (1, 4))
    costs = [codec.searched(h).cost for codec in (plain, free)]
    assert (costs[1] <= costs[0] + 1e-9).all()
    assert costs[1].mean() < costs[0].mean() - 0.1
    found = free.decode(free.encode(h)).mean
    inner = np.sum(found.conj() * h, axis=1)
    turned = found * np.exp(1j * np.angle(inner))[:, None]
    error = np.sum(np.abs(h - turned) ** 2, axis=1).mean()
    kept = np.sum(np.abs(h - plain.decode(plain.encode(h)).mean) ** 2, axis=1).mean()
    assert error < 1.1 * kept
    with pytest.raises(ValueError, match="num_phases must be"):
        TrellisCodec(model, tables, 0.05, num_phases=0)
