"""Looks at channels: their posterior, the rules, and what is promised of beams."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture
from commgen.phy.looks.beam_looks import (
    BeamChances,
    EvenLooks,
    NarrowingLooks,
    RandomPhaseLooks,
)
from commgen.phy.looks.beam_search import BeamSearch
from commgen.phy.looks.posterior import LookPosterior

NO = 0.05
BEAMS = np.fft.ifft(np.eye(8), axis=0) * np.sqrt(8)


def normal(rng, *shape):
    return rng.standard_normal((*shape, 2)) @ [1, 1j] / 2**0.5


@pytest.fixture(scope="module")
def prior():
    """A mixture of two fans of beams."""
    rng = np.random.default_rng(0)
    g = normal(rng, 600, 8) * np.where(np.arange(8) < 4, 1.4, 0.2)
    g[:300] = g[:300, ::-1]
    return GaussianMixture((8,), 2).fit(g @ BEAMS.T, seed=0)


def dense(prior, W, y):
    """Return weights, means and covariances of the posterior, by Bayes' rule."""
    logs, means, covs = [], [], []
    mixture = prior.mixture
    for k, log_weight in enumerate(mixture.log_weights):
        C = mixture.component(k).matrix()
        S = W.conj() @ C @ W.T + NO * np.eye(len(W))
        G = C @ W.T @ np.linalg.inv(S)
        distance = np.real(y.conj() @ np.linalg.solve(S, y))
        logs.append(log_weight - np.linalg.slogdet(S)[1] - distance)
        means.append(G @ y)
        covs.append(C - G @ W.conj() @ C)
    p = np.exp(np.array(logs) - max(logs))
    return p / p.sum(), np.array(means), np.array(covs)


def test_one_by_one_is_all_at_once(prior):
    rng = np.random.default_rng(1)
    W = normal(rng, 3, 2, 8) / np.sqrt(8)
    y = normal(rng, 3, 2)
    found = LookPosterior(prior, 2, no=NO)
    for w, heard in zip(W, y, strict=True):
        found.tell(w, heard)
    num = 40_000
    draws = found.draws(num, rng)
    for i in range(2):
        p, means, covs = dense(prior, W[:, i], y[:, i])
        assert np.exp(found.log_p[i]) == pytest.approx(p, abs=1e-4)
        mean = p @ means
        assert found.mean()[i] == pytest.approx(mean, abs=1e-4)
        cov = np.einsum("k,kij->ij", p, covs) - np.outer(mean, mean.conj())
        cov += np.einsum("k,ki,kj->ij", p, means, means.conj())
        off = draws[i] - mean
        drawn = off.T @ off.conj() / num
        assert np.abs(off.mean(axis=0)).max() < 5 * np.sqrt(cov.real.max() / num)
        # A product of two entries deviates by about the product of their deviations.
        assert np.abs(drawn - cov).max() < 8 * cov.real.max() / np.sqrt(num)


def test_white_remainders_of_low_rank_are_drawn_too():
    rng = np.random.default_rng(0)
    h = normal(rng, 500, 2) @ normal(rng, 2, 8) + 0.5 * normal(rng, 500, 8)
    model = GaussianMixture((8,), 1, "low-rank", rank=2).fit(h / 1.5, seed=0)
    drawn = LookPosterior(model, 1, no=NO).draws(20_000, rng)[0]
    C = model.mixture.component(0).matrix()
    assert np.abs(drawn.T @ drawn.conj() / 20_000 - C).max() < 0.05 * C.real.max()


def test_what_was_known_before_counts(prior):
    history = np.log([[1.0, 1e-12], [1e-12, 1.0]])
    found = LookPosterior(prior, 2, no=NO, log_weights=history)
    power = np.mean(np.abs(found.draws(500, np.random.default_rng(0))) ** 2, axis=1)
    assert np.exp(found.log_p) == pytest.approx(np.eye(2), abs=1e-9)
    assert power.shape == (2, 8)
    g = found.draws(500, np.random.default_rng(0)) @ BEAMS.conj()
    first = np.mean(np.abs(g[..., :4]) ** 2, axis=(1, 2))
    assert max(first) > 20 * min(first)


@pytest.mark.parametrize("rule", ["random", "narrowing"])
def test_draws_of_the_prior_are_best_as_often_as_promised(prior, rule):
    n = 1000
    h = prior.sample(n, seed=3)
    looks = RandomPhaseLooks(BEAMS)
    if rule == "narrowing":
        looks = NarrowingLooks(BEAMS, 1, no=NO)
    search = BeamSearch(prior, looks, n, no=NO, num_draws=100, seed=1)
    rng = np.random.default_rng(4)
    for _ in range(3):
        w = search.next_look()
        assert np.linalg.norm(w, axis=1) == pytest.approx(np.ones(n), rel=1e-5)
        search.tell(np.sum(w.conj() * h, axis=1) + np.sqrt(NO) * normal(rng, n))
    chances = search.chances(200)
    q = np.abs(h @ BEAMS.conj()) ** 2
    rows = np.arange(n)
    beam = chances.share.argmax(axis=1)
    # A largest mean of draws is a little above the mean it estimates.
    right = q.argmax(axis=1) == beam
    gap = right - chances.p_best[rows, beam]
    assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(n) + 0.005
    gap = q[rows, beam] / q.max(axis=1) - chances.share[rows, beam]
    assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(n) + 0.005
    assert right.mean() > 0.45


def test_a_look_at_every_beam_without_noise_finds_the_best(prior):
    h = prior.sample(100, seed=5)
    q = np.abs(h @ BEAMS.conj()) ** 2
    for looks in (EvenLooks(BEAMS, 8), NarrowingLooks(BEAMS, 0, no=1e-6)):
        search = BeamSearch(prior, looks, 100, no=1e-6, num_draws=50, seed=1)
        seen = []
        for _ in range(8):
            w = search.next_look()
            seen.append(np.abs(w.conj() @ BEAMS).argmax(axis=1))
            search.tell(np.sum(w.conj() * h, axis=1))
        found = search.chances().p_best.argmax(axis=1)
        assert np.mean(q[np.arange(100), found] / q.max(axis=1)) > 0.999
    # No beam was looked at twice before all others were known well.
    assert np.mean([len(np.unique(row)) for row in np.transpose(seen)]) > 7


def test_chances_are_counts():
    g = np.array([[[1, 2], [3, 0], [1, 2j], [0, 2]]], complex)
    found = BeamChances.of_draws(g)
    assert found.p_best[0] == pytest.approx([0.25, 0.75])
    assert found.share[0] == pytest.approx([(0.25 + 1 + 0.25 + 0) / 4, 0.75])
    assert found.power[0] == pytest.approx([11 / 4, 3])
    assert found.variance[0, 0] == pytest.approx(11 / 4 - 25 / 16)


def test_bad_input_is_named(prior):
    looks = NarrowingLooks(BEAMS, 1, no=NO)
    with pytest.raises(ValueError, match=r"log_weights must be \[2, 2\], got"):
        BeamSearch(prior, looks, 2, no=NO, seed=0, history=np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"beams must have 8 rows.* got 4"):
        BeamSearch(prior, RandomPhaseLooks(BEAMS[:4]), 2, no=NO, seed=0)
    with pytest.raises(ValueError, match="no must"):
        BeamSearch(prior, looks, 2, no=0.0, seed=0)
    with pytest.raises(ValueError, match=r"num_looks must be .* 8, got 9"):
        EvenLooks(BEAMS, 9)
    with pytest.raises(ValueError, match="chances must be given"):
        looks(None, 1, 0, np.random.default_rng(0))
    search = BeamSearch(prior, looks, 2, no=NO, seed=0)
    with pytest.raises(RuntimeError, match="next_look"):
        search.tell([1, 1])
    search.next_look()
    with pytest.raises(ValueError, match=r"y must be \[2\], got \(3,\)"):
        search.tell([1, 1, 1])
    with pytest.raises(ValueError, match="y must"):
        search.tell([np.nan, 1])
    with pytest.raises(ValueError, match=r"prior must be of channels \[num_ant\]"):
        LookPosterior(GaussianMixture((2, 4), 1), 2, no=NO)
