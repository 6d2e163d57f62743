"""Coherent looks and those that were learned from them."""

import numpy as np
import pytest
import tensorflow as tf

from commgen.phy.looks.alignment import PathDraws, align
from commgen.phy.looks.angle_filter import AngleFilter
from commgen.phy.looks.angle_looks import BisectionLooks, CoherentLooks, RandomLooks
from commgen.phy.looks.learned import LearnedLooks
from commgen.phy.looks.network import LookNetwork
from commgen.phy.looks.training import LookTraining

SIZES = {"num_ant": 16, "num_angles": 64, "num_looks": 3, "width": 16}
ANGLES = AngleFilter(16, 64)


def drawn(n, seed=0, num_looks=3):
    return PathDraws.of(np.random.default_rng(seed), n, num_looks, ANGLES)


def test_a_sign_tells_more_than_silence():
    """By a paired interval, at two SNRs; with phases alone too."""
    fine = AngleFilter(32, 128)
    draws = PathDraws.of(np.random.default_rng(0), 800, 12, fine)
    for no in (1.0, 0.2):
        rules = {
            "random": RandomLooks(32, seed=1),
            "sectors": BisectionLooks(fine, 5),
            "phases": CoherentLooks(fine, phases_only=True),
            "coherent": CoherentLooks(fine),
        }
        error = {
            name: (align(rule, fine, draws, no).mean[-1] - draws.angle) ** 2
            for name, rule in rules.items()
        }
        for worse in ("sectors", "random"):
            gap = error[worse] - error["coherent"]
            assert gap.mean() > 2 * gap.std() / np.sqrt(len(gap))
        assert error["phases"].mean() < error["sectors"].mean()


def test_halves_are_heard_with_opposite_signs():
    """What is expected of the second look is real, and its sign is the half."""
    rule, no, sums = CoherentLooks(ANGLES), np.float32([1.0]), ANGLES.start(1)
    w = rule(ANGLES.belief(sums, no), 0, no)
    belief = ANGLES.belief(ANGLES.tell(sums, w, np.complex64([1j])), no)
    second = rule(belief, 1, no)
    gain = belief.gain.numpy()[0]
    heard = gain / np.abs(gain) * (second.conj() @ ANGLES.steering.T)[0]
    below = np.cumsum(np.exp(belief.log_p.numpy()[0]))
    away = (np.abs(below - 0.5) > 0.2) & (np.abs(below - 0.5) < 0.45)
    assert (np.sign(heard.real) == np.sign(below - 0.5))[away].all()
    assert np.sum(heard.imag**2) < 0.1 * np.sum(np.abs(heard) ** 2)
    phases = CoherentLooks(ANGLES, phases_only=True)(belief, 1, no)
    assert np.abs(phases) == pytest.approx(0.25 * np.ones((1, 16)), rel=1e-5)


def test_before_training_the_network_is_the_rule():
    draws, no = drawn(300), 0.1
    learned = align(LearnedLooks.of_seed(1, **SIZES), ANGLES, draws, no)
    rule = align(CoherentLooks(ANGLES), ANGLES, draws, no)
    assert learned.mean[2] == pytest.approx(rule.mean[2], abs=2e-3)
    assert np.mean(learned.variance[-1]) == pytest.approx(
        np.mean(rule.variance[-1]), rel=0.02
    )


def test_training_lowers_the_error_and_what_was_saved_is_loaded(tmp_path):
    looks = LearnedLooks.of_seed(1, **SIZES)
    draws, no = drawn(1000, seed=9), 0.3
    before = align(looks, ANGLES, draws, no).variance[-1]
    training = LookTraining(40, 64, 3e-3, snr_range_db=(5.0, 5.5))
    looks.fit(seed=2, training=training)
    after = align(looks, ANGLES, draws, no).variance[-1]
    gap = before - after
    assert gap.mean() > 2 * gap.std() / np.sqrt(len(gap))
    looks.save(tmp_path / "looks")
    loaded = LearnedLooks.load(tmp_path / "looks")
    again = align(loaded, ANGLES, draws, no).variance[-1]
    assert again == pytest.approx(after, abs=1e-5)
    assert loaded.card["format"] == "commgen-looks"


def test_no_gradient_is_lost_where_a_belief_is_sure():
    """Also where the posterior underflows, and before any look."""
    network = LookNetwork(**SIZES)
    network.build()
    sums = ANGLES.start(2)
    for step in range(3):
        belief = ANGLES.belief(sums, np.full(2, 1e-3, np.float32))
        with tf.GradientTape() as tape:
            w = network(belief, tf.constant(step), np.full(2, 1e-3, np.float32))
            loss = tf.reduce_sum(tf.math.real(w) * np.arange(16))
        slopes = tape.gradient(loss, network.trainable_variables)
        assert all(np.isfinite(s).all() for s in slopes if s is not None)
        sums = ANGLES.tell(
            sums, w, tf.reduce_sum(ANGLES.steering[20] * tf.math.conj(w), 1)
        )


def test_bad_input_is_named(tmp_path):
    with pytest.raises(ValueError, match="num_looks must be at least 1, got 0"):
        LookNetwork(16, 64, num_looks=0)
    with pytest.raises(ValueError, match="num_steps must be at least 1, got 0"):
        LearnedLooks.of_seed(1, **SIZES).fit(seed=1, training=LookTraining(0))
    with pytest.raises(FileNotFoundError):
        LearnedLooks.load(tmp_path)
    looks = LearnedLooks.of_seed(1, **SIZES, name="other")
    looks.card = {"format": "commgen-precoder"}
    looks.save(tmp_path / "looks")
    with pytest.raises(ValueError, match="must hold looks, with format"):
        LearnedLooks.load(tmp_path / "looks")
