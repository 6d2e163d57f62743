"""Reports over time: what theory says they save, and what happens to lost ones."""

import numpy as np
import pytest
from scipy.linalg import toeplitz

from commgen.generative import GaussianMixture
from commgen.phy.feedback import (
    DifferentialCodec,
    LagProcess,
    MixtureTransformCodec,
    Report,
    lag_correlations,
)

SPECTRUM = np.array([4.0, 2.0, 1.0, 0.4, 0.2, 0.2, 0.1, 0.1])
A = 0.95


def normal(rng, shape):
    return rng.standard_normal((*shape, 2)) @ [1, 1j] / np.sqrt(2)


def tracks(seed, n, num_slots=6, a=A):
    """Channels of one covariance that drift, [n, num_slots, 8]."""
    rng = np.random.default_rng(seed)
    x = normal(rng, (n, num_slots, 8))
    for t in range(1, num_slots):
        x[:, t] = a * x[:, t - 1] + np.sqrt(1 - a**2) * x[:, t]
    mix = np.linalg.qr(np.random.default_rng(9).standard_normal((8, 8)))[0]
    return (x * np.sqrt(SPECTRUM) @ mix.T).astype(np.complex64)


@pytest.fixture(scope="module")
def prior():
    return GaussianMixture((8,), 1).fit(tracks(0, 8000, 1)[:, 0], seed=0)


def through(codec, h, arrives=None, heard=False):
    """Return bits, errors, promised errors [num_slots, n], and both states."""
    terminal = station = codec.start(len(h))
    found = []
    for t in range(h.shape[1]):
        arrived = np.ones(len(h), bool) if arrives is None else arrives[t]
        before = terminal
        report, terminal = codec.encode(before, h[:, t])
        posterior, station = codec.decode(station, report, arrived)
        if heard:
            terminal = codec.heard(before, terminal, arrived)
        error = np.sum(np.abs(posterior.mean - h[:, t]) ** 2, axis=1)
        found.append((report.num_bits, error, posterior.err_var.sum(axis=1)))
    return *np.swapaxes(found, 0, 1), terminal, station


def test_a_process_is_foreseen_as_its_covariance_says():
    """The filter beside the conditional mean of all slots at once."""
    r = [0.9, 0.7]
    process = LagProcess(r)
    # Yule-Walker: each lag follows from the two before it.
    white = 1 - 1e-3
    every = [1.0, white * 0.9, white * 0.7]
    a = np.linalg.solve(toeplitz(every[:2]), every[1:])
    for _ in range(3):
        every.append(a @ [every[-1], every[-2]])
    R, no = 2.0 * toeplitz(every), 0.3
    y = normal(np.random.default_rng(1), (6,))
    spectra = np.array([[2.0]])
    lags = process.start(spectra)
    for t in range(6):
        lags = process.predict(lags, spectra) if t else lags
        m, v = lags.mean[..., 0], lags.cov[..., 0, 0]
        gain = v / (v + no)
        lags = process.update(lags, m + gain * (y[t] - m), gain * no)
    W = np.linalg.solve(R + no * np.eye(6), R).T
    np.testing.assert_allclose(lags.mean[0, 0], (W @ y)[[5, 4]])
    wanted = (R - W @ R)[np.ix_([5, 4], [5, 4])]
    np.testing.assert_allclose(lags.cov[0, 0], wanted)


def test_correlations_of_channels():
    found = lag_correlations(tracks(1, 4000), 3)
    np.testing.assert_allclose(found, [A, A**2, A**3], atol=0.01)


def test_innovations_save_what_theory_says(prior):
    """A coefficient of variance l costs log2 l / (a^2 d + (1 - a^2) l) bits less."""
    price = 0.002
    h = tracks(2, 400)
    bits, errors, promised, terminal, station = through(
        DifferentialCodec(prior, price, [A]), h
    )
    whole = MixtureTransformCodec(prior, price)
    report = whole.encode(h[:, -1])
    d = price / np.log(2)  # two real numbers, each of a price over 2 ln 2
    spectrum = prior.mixture.eigenvalues[0]
    a = A * (1 - 1e-3)
    saved = np.sum(np.log2(spectrum / (a**2 * d + (1 - a**2) * spectrum)))
    assert np.mean(report.num_bits - bits[-1]) == pytest.approx(saved, rel=0.06)
    assert errors[1:].mean() == pytest.approx(promised[1:].mean(), rel=0.03)
    assert errors.mean() == pytest.approx(8 * d, rel=0.05)
    for name in ("mean", "cov"):  # both ends hold the same
        pair = (getattr(state.lags, name) for state in (terminal, station))
        np.testing.assert_array_equal(*pair)


def test_what_was_lost_is_foreseen_until_a_whole_report(prior):
    h = tracks(3, 200)
    arrives = np.ones((6, 200), bool)
    arrives[2, ::2] = False
    codec = DifferentialCodec(prior, 0.02, [A], refresh=4)
    _, errors, promised, *_ = through(codec, h, arrives)
    due = (np.arange(6)[:, None] + np.arange(200)) % 4 == 0
    for i in range(0, 200, 2):
        next_whole = 2 if due[2, i] else 3 + int(np.argmax(due[3:, i]))
        lost = slice(2, next_whole if next_whole > 2 else 6)
        assert (np.diff(promised[lost, i]) > 0).all()
        assert promised[lost, i].min() > 3 * promised[1, i]
    lost = ~arrives[2]
    assert errors[2, lost].mean() == pytest.approx(promised[2, lost].mean(), rel=0.2)
    assert errors[2, ~lost].mean() < 0.3 * errors[2, lost].mean()
    read = due[4] & lost
    assert errors[4, read].mean() < 0.3 * errors[3, read].mean()


def test_a_terminal_that_is_told_goes_on_in_step(prior):
    h = tracks(4, 100)
    arrives = np.random.default_rng(0).random((6, 100)) < 0.7
    codec = DifferentialCodec(prior, 0.02, [A], told=True)
    _, errors, promised, terminal, station = through(codec, h, arrives, heard=True)
    np.testing.assert_array_equal(terminal.lags.mean, station.lags.mean)
    np.testing.assert_array_equal(terminal.in_step, station.in_step)
    assert errors[5, arrives[5]].mean() == pytest.approx(
        promised[5, arrives[5]].mean(), rel=0.2
    )
    assert errors[5, arrives[5]].mean() < 0.4 * errors[5, ~arrives[5]].mean()


def test_a_component_that_no_longer_fits_is_left():
    rng = np.random.default_rng(5)
    kinds = [np.sqrt(SPECTRUM), np.sqrt(SPECTRUM[::-1])]
    both = np.concatenate([normal(rng, (2000, 8)) * kind for kind in kinds])
    prior = GaussianMixture((8,), 2).fit(both.astype(np.complex64), seed=0)
    h = normal(rng, (50, 2, 8)) * np.stack(kinds)
    codec = DifferentialCodec(prior, 0.05, [0.99])
    _, errors, _, terminal, _ = through(codec, h.astype(np.complex64))
    before = codec.encode(codec.start(50), h[:, 0].astype(np.complex64))[1]
    assert np.mean(before.components != terminal.components) > 0.9
    assert errors[1].mean() < 2 * errors[0].mean()


def test_the_rate_is_that_of_all_slots(prior):
    codec = DifferentialCodec.of_rate(prior, tracks(6, 200), 12, [A])
    bits = through(codec, tracks(7, 400))[0]
    assert bits.mean() == pytest.approx(12, rel=0.05)


def test_bad_input_is_named(prior):
    codec = DifferentialCodec(prior, 0.02, [A])
    report, state = codec.encode(codec.start(3), tracks(8, 3)[:, 0])
    cut = Report(tuple(bits[:-3] for bits in report.bits))
    with pytest.raises(ValueError, match="bits must be a whole report"):
        codec.decode(codec.start(3), cut)
    with pytest.raises(ValueError, match="state must be of the 2 channels"):
        codec.encode(state, tracks(8, 2)[:, 0])
    with pytest.raises(ValueError, match="refresh must be at least 1"):
        DifferentialCodec(prior, 0.02, [A], refresh=0)
    with pytest.raises(ValueError, match="price must be finite and above 0"):
        DifferentialCodec(prior, 0.0, [A])
    with pytest.raises(ValueError, match="correlations must be those of"):
        LagProcess([0.9, 0.2])
    with pytest.raises(ValueError, match=r"correlations must be \[order\]"):
        LagProcess([])
    with pytest.raises(ValueError, match="of more slots than order 6"):
        lag_correlations(tracks(8, 3), 6)
    with pytest.raises(ValueError, match="num_bits must be between"):
        DifferentialCodec.of_rate(prior, tracks(8, 3), 1e6, [A])
