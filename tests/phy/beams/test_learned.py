"""The learned precoder: WMMSE before training, above it after, and the same loaded."""

import numpy as np
import pytest
import tensorflow as tf

from commgen._random import complex_normal
from commgen.phy.beams import (
    WMMSE,
    Belief,
    LearnedPrecoder,
    PrecoderTraining,
    RayleighBeliefs,
    sum_rate,
)
from commgen.phy.beams.rate import power
from commgen.phy.beams.unfolded import UnfoldedPrecoder, _Point

NO = 0.05


def channels(seed, *shape):
    return complex_normal(np.random.default_rng(seed), shape)


def small():
    return LearnedPrecoder(UnfoldedPrecoder(num_rounds=2, width=8, num_states=2))


def three_users(err_var):
    """Draw what three users of four antennas believe; one shape is traced once."""

    def draw(rng):
        mean = complex_normal(rng, (64, 3, 1, 4))
        no = 10 ** rng.uniform(-2, 0, 64)
        if not err_var:
            return Belief.of(mean), no
        errors = complex_normal(rng, (16, *mean.shape))
        return belief(mean, errors, err_var), no

    return draw


def belief(h, errors, err_var):
    mean = np.float32(np.sqrt(1 - err_var)) * h
    cov = np.tile(err_var * np.eye(4), (len(h), 3, 1, 1))
    return Belief.of(mean, cov, mean + np.float32(np.sqrt(err_var)) * errors)


TRAINING = PrecoderTraining(num_steps=60, learning_rate=5e-3)


@pytest.fixture(scope="module")
def trained():
    return small().fit(three_users(0), seed=1, training=TRAINING)


@pytest.mark.parametrize("shape", [(4, 1, 4), (3, 1, 5)])
def test_before_training_it_takes_steps_of_wmmse(shape):
    h = channels(0, 6, *shape)
    found, expected = small()(h, NO, 2.0), WMMSE(num_steps=2)(h, NO, 2.0)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_it_learns_to_send_more_than_its_steps(trained):
    h = channels(2, 300, 3, 1, 4)
    before = sum_rate(h, small()(h, NO), NO).numpy()
    after = sum_rate(h, trained(h, NO), NO).numpy()
    gain = after - before
    assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(len(gain))


def test_users_are_exchangeable_and_antennas_too(trained):
    h = channels(3, 4, 3, 1, 4)
    w = trained(h, NO).numpy()
    order = [2, 0, 1]
    np.testing.assert_allclose(trained(h[:, order], NO), w[:, order], atol=1e-5)
    turned = h[..., [3, 1, 0, 2]] * np.exp(1j * np.arange(4)).astype(h.dtype)
    expected = w[:, :, [3, 1, 0, 2]] * np.exp(-1j * np.arange(4))[:, None]
    np.testing.assert_allclose(trained(turned, NO), expected, atol=1e-5)


def test_only_the_ratio_of_power_and_noise_turns_the_weights(trained):
    h = channels(4, 4, 3, 1, 4)
    expected = np.sqrt(10) * trained(h, NO).numpy()
    np.testing.assert_allclose(trained(h, 10 * NO, 10.0), expected, rtol=1e-4)


def test_errors_of_no_variance_change_nothing(trained):
    h = channels(5, 4, 3, 1, 4)
    known = Belief.of(h, np.zeros([4, 3, 4, 4], h.dtype))
    np.testing.assert_allclose(trained(known, NO), trained(h, NO), atol=1e-4)


def test_what_errors_let_through_is_that_of_drawn_ones():
    from commgen.phy.beams.unfolded import _error_power

    root = channels(6, 4, 4)
    cov = (root.T @ root.conj())[None, None]
    w = channels(7, 1, 4, 2)
    errors = channels(8, 50_000, 4) @ root
    drawn = np.mean(np.abs(errors @ w[0]) ** 2, axis=0)
    found = _error_power(tf.constant(cov), tf.constant(w)).numpy()[0, 0]
    np.testing.assert_allclose(found, drawn, rtol=0.03)


def test_it_learns_to_count_on_errors():
    robust = small().fit(three_users(0.2), seed=2, training=TRAINING)
    known = belief(channels(9, 150, 3, 1, 4), channels(10, 40, 150, 3, 1, 4), 0.2)

    def rates(precoder):
        w = precoder(known, 0.01)[None]
        return sum_rate(known.samples, w, 0.01).numpy().mean(axis=0)

    gain = rates(robust) - rates(WMMSE())
    assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(len(gain))


def test_beliefs_have_the_errors_that_they_tell_of():
    draw = RayleighBeliefs(num_users=4, err_var_range=(0.1, 0.4), num_samples=200)
    counts = set()
    for seed in range(8):
        known, no = draw(np.random.default_rng(seed))
        counts.add(known.num_users)
        assert (no >= 10**-3).all()
        told = known.err_cov[:, 0, 0, 0].real
        errors = np.abs(known.samples - known.mean) ** 2
        np.testing.assert_allclose(errors.mean(axis=(0, 2, 3, 4)), told, rtol=0.3)
        assert np.mean(np.abs(known.samples) ** 2) == pytest.approx(1, rel=0.15)
    assert {4} < counts <= {1, 2, 3, 4}


def test_it_starts_wmmse_and_comes_back_from_a_folder(trained, tmp_path):
    trained.save(tmp_path / "model")
    loaded = LearnedPrecoder.load(tmp_path / "model")
    h = channels(11, 50, 3, 1, 4)
    np.testing.assert_array_equal(loaded(h, NO), trained(h, NO))
    alone, more = loaded(h, NO), WMMSE(num_steps=2, start=loaded)(h, NO)
    gain = sum_rate(h, more, NO).numpy() - sum_rate(h, alone, NO).numpy()
    assert gain.min() > -1e-3
    assert gain.max() > 1e-3


def test_weights_have_the_power_and_carry_gradients(trained):
    h = tf.constant(channels(12, 2, 3, 2, 4))  # two antennas of a user
    with tf.GradientTape() as tape:
        tape.watch(h)
        w = trained(h, NO, 3.0)
        rate = tf.reduce_sum(sum_rate(h, w, NO))
    np.testing.assert_allclose(power(w), 3, rtol=1e-5)
    slope = tape.gradient(rate, h).numpy()
    assert np.isfinite(slope).all()
    assert np.abs(slope).max() > 0


def test_channels_at_the_edge(trained):
    zero = np.zeros([2, 3, 1, 4], np.complex64)
    assert not np.abs(trained(zero, NO)).any()
    one_silent = channels(13, 2, 3, 1, 4)
    one_silent[:, 1] = 0
    assert np.isfinite(trained(one_silent, NO)).all()
    twins = np.ones([1, 3, 1, 4], np.complex64)  # rank one: nothing can part them
    for h in (twins, channels(14, 1, 3, 1, 4)):
        w = trained(h, 1e-9).numpy()
        assert power(w).numpy() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: UnfoldedPrecoder(0), "num_rounds must be at least 1"),
        (lambda: UnfoldedPrecoder(1, width=0), "width must be at least 1"),
        (lambda: small()(channels(0, 2, 5, 1, 4), NO), "at most the 4 antennas"),
        (lambda: small()(channels(0, 2, 3, 1, 4), -1.0), "no must be above 0"),
        (
            lambda: small().fit(seed=0, training=PrecoderTraining(0)),
            "num_steps must be at least 1",
        ),
    ],
)
def test_bad_input_is_named(make, told):
    with pytest.raises(ValueError, match=told):
        make()


def test_other_folders_are_refused(trained, tmp_path):
    with pytest.raises(FileNotFoundError, match="no model at"):
        LearnedPrecoder.load(tmp_path)
    trained.save(tmp_path / "model")
    (tmp_path / "model/card.json").write_text('{"format": "commgen-model"}')
    with pytest.raises(ValueError, match="must hold a precoder"):
        LearnedPrecoder.load(tmp_path / "model")


def test_bent_channels_are_a_step_of_wmmse_over_draws():
    """At bend one with equal receivers they point along E[h^H h] w, up to a factor."""
    rng = np.random.default_rng(11)
    h = channels(12, 2, 3, 4)
    root = channels(13, 2, 3, 4, 4)
    cov = root @ root.conj().swapaxes(-1, -2)
    at = _Point(h, cov, np.full([2, 3], 1 / 3, np.float32), np.ones([2, 3], np.float32))
    bent, w = at.bent(np.zeros([2, 3], np.float32)), at.weights.numpy()
    np.testing.assert_allclose(bent, h, atol=1e-6)
    bend = rng.uniform(0.5, 2, (2, 3)).astype(np.float32)
    bent = at.bent(bend).numpy()
    for b, k in np.ndindex(2, 3):
        row, through = h[b, k], h[b, k] @ w[b, k]
        moment = cov[b, k].conj()  # E[e^H e] of a row
        loud = abs(through) ** 2 + (w[b, k].conj() @ moment @ w[b, k]).real
        expected = row.conj() + bend[b, k] * moment @ w[b, k] * through.conj() / loud
        np.testing.assert_allclose(bent[b, k].conj(), expected, rtol=1e-3)
