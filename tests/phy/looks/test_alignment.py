"""Looks at a path of unknown angle: their posterior, their rules and bounds."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from commgen._random import complex_normal
from commgen.inference.parameters import SignalModel, angle_axis
from commgen.inference.parameters.grid import log_likelihood
from commgen.phy.looks.alignment import PathDraws, align, every_antenna
from commgen.phy.looks.angle_filter import AngleFilter
from commgen.phy.looks.angle_looks import BisectionLooks, RandomLooks

ANGLES = AngleFilter(16, 64)


def drawn(n, num_looks, seed=0, angles=ANGLES):
    return PathDraws.of(np.random.default_rng(seed), n, num_looks, angles)


def test_looks_at_single_antennas_tell_what_the_array_tells():
    """The posterior of the whole snapshot is computed elsewhere, in another way."""
    rng, no = np.random.default_rng(1), np.array([0.5, 0.02], np.float32)
    y = complex_normal(rng, (2, 16))
    sums = ANGLES.start(2)
    for m in range(16):
        w = np.tile(np.eye(16, dtype=np.complex64)[m], (2, 1))
        sums = ANGLES.tell(sums, w, y[:, m])
    found = ANGLES.belief(sums, no).log_p.numpy()
    axis = angle_axis(16)
    for i in range(2):
        model = SignalModel(power=1.0, no=float(no[i]))
        told = log_likelihood(
            y[i : i + 1, None], axis, model, np.sin(ANGLES.angles)[None]
        )
        told = told[0] + ANGLES.log_prior
        told -= np.log(np.sum(np.exp(told - told.max()))) + told.max()
        assert found[i] == pytest.approx(told, abs=2e-3)


def test_posterior_is_bayes_rule_over_angles_and_gains():
    """Against a Gaussian density of the looks, made from their covariance."""
    rng, no = np.random.default_rng(2), 0.3
    W, y = complex_normal(rng, (3, 16)), complex_normal(rng, (3,))
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    sums = ANGLES.start(1)
    for w, heard in zip(W, y, strict=True):
        sums = ANGLES.tell(sums, w[None], heard[None])
    belief = ANGLES.belief(sums, np.float32([no]))
    logs = []
    for a, prior in zip(ANGLES.steering, ANGLES.log_prior, strict=True):
        b = W.conj() @ a
        cov = np.outer(b, b.conj()) + no * np.eye(3)
        distance = np.real(y.conj() @ np.linalg.solve(cov, y))
        logs.append(prior - distance - np.linalg.slogdet(cov)[1])
    p = np.exp(np.array(logs) - max(logs))
    assert np.exp(belief.log_p.numpy()[0]) == pytest.approx(p / p.sum(), abs=1e-5)
    k = int(p.argmax())
    b = W.conj() @ ANGLES.steering[k]
    gain = b.conj() @ y / (no + np.sum(np.abs(b) ** 2))
    assert belief.gain.numpy()[0, k] == pytest.approx(gain, abs=1e-4)


def test_prior_is_uniform_in_the_angle():
    belief = ANGLES.belief(ANGLES.start(1), np.float32([1.0]))
    assert belief.mean.numpy() == pytest.approx(0, abs=1e-5)
    assert belief.variance.numpy() == pytest.approx((2 * np.pi / 3) ** 2 / 12, rel=2e-3)


@pytest.mark.parametrize("rule", ["random", "bisection"])
def test_variance_is_the_error_that_is_met(rule):
    n, no = 3000, 0.5
    draws = drawn(n, 6)
    looks = RandomLooks(16, seed=1) if rule == "random" else BisectionLooks(ANGLES)
    found = align(looks, ANGLES, draws, no)
    error = (found.mean[-1] - draws.angle) ** 2
    gap = error - found.variance[-1]
    assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(n)
    met = [np.mean((mean - draws.angle) ** 2) for mean in found.mean]
    assert all(later < before * 1.02 for before, later in itertools.pairwise(met))
    known = align(looks, ANGLES, draws, no, gain_known=True)
    bound = np.mean((every_antenna(ANGLES, draws, no).mean.numpy() - draws.angle) ** 2)
    assert bound < np.mean((known.mean[-1] - draws.angle) ** 2) < met[-1] < met[0]


def test_with_little_noise_all_rules_find_the_angle():
    draws = drawn(100, 20, angles=(fine := AngleFilter(16, 192)))
    draws.gain[:] /= np.abs(draws.gain)
    for looks in (RandomLooks(16, seed=1), BisectionLooks(fine)):
        found = align(looks, fine, draws, 3e-3)
        error = np.abs(found.mean[-1] - draws.angle)
        # Bisection may rest between two sectors that its splits do not tell apart.
        assert np.quantile(error, 0.95) < 0.025
        assert np.median(error) < 0.005
    pursued = fine.most_aligned(align(RandomLooks(16, seed=1), fine, draws, 3e-3).sums)
    assert np.abs(pursued.numpy() - draws.angle).max() < 0.02


def test_weights_have_unit_norm_and_bisection_starts_with_a_half():
    belief = ANGLES.belief(ANGLES.start(5), np.ones(5, np.float32))
    for looks in (RandomLooks(16, seed=1), BisectionLooks(ANGLES)):
        w = np.asarray(looks(belief, 0, None))
        assert np.linalg.norm(w, axis=1) == pytest.approx(np.ones(5), rel=1e-5)
    heard = np.abs(w[0].conj() @ ANGLES.steering.T) ** 2
    halves = heard[:32].sum(), heard[32:].sum()
    assert max(halves) > 8 * min(halves)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="num_angles must be at least 2, got 1"):
        AngleFilter(16, 1)
    with pytest.raises(ValueError, match=r"num_levels must be .* 6, got 9"):
        BisectionLooks(ANGLES, 9)
    with pytest.raises(ValueError, match="no must"):
        align(RandomLooks(16, seed=1), ANGLES, drawn(4, 2), 0.0)
    draws = drawn(4, 2)
    draws.gain[1] = np.nan
    with pytest.raises(ValueError, match="gain"):
        align(RandomLooks(16, seed=1), ANGLES, draws, 0.1)
    assert tf.executing_eagerly()
