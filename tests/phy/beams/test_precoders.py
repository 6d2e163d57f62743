"""Precoders against what they did not compute: limits, formulas, gradients."""

import numpy as np
import pytest
import tensorflow as tf

from commgen.phy.beams import (
    MRT,
    RZF,
    WMMSE,
    ZF,
    Belief,
    RobustRZF,
    SVDPrecoder,
    dpc_capacity,
    sum_rate,
    user_rates,
    water_filling,
)
from commgen.phy.beams.rate import power

NO = 0.1


def channels(seed, *shape, dtype=np.complex128):
    rng = np.random.default_rng(seed)
    h = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return (h / np.sqrt(2)).astype(dtype)


MEMBERS = [MRT(), ZF(), RZF(), RobustRZF(), WMMSE(num_steps=3)]
MEMBERS += [WMMSE(num_steps=2, per_antenna=True), WMMSE(num_steps=2, of="samples")]


@pytest.mark.parametrize("precoder", MEMBERS, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("num_streams", [1, 2])
def test_weights_have_the_power_and_carry_gradients(precoder, num_streams):
    precoder.num_streams = num_streams
    if hasattr(precoder, "start"):
        precoder.start = RZF(num_streams)
    h = tf.constant(channels(0, 5, 3, 2, 8))
    cov = np.tile(0.1 * np.eye(8), (5, 3, 1, 1))
    with tf.GradientTape() as tape:
        tape.watch(h)
        belief = Belief.of(h, cov, tf.stack([h, 0.9 * h]))
        w = precoder(belief, NO, 2.0)
        rate = tf.reduce_sum(sum_rate(h, w, NO))
    assert w.shape == (5, 3, 8, num_streams)
    sent = power(w).numpy()
    if getattr(precoder, "per_antenna", False):
        each = np.sum(np.abs(w) ** 2, axis=(1, 3))
        assert each.max() <= 2.0 / 8 * (1 + 1e-9)
    else:
        np.testing.assert_allclose(sent, 2.0, rtol=1e-6)
    slope = tape.gradient(rate, h).numpy()
    assert np.isfinite(slope).all()
    assert np.abs(slope).max() > 0
    precoder.num_streams = 1


def test_zero_forcing_lets_nobody_hear_others():
    h = channels(1, 4, 3, 1, 6)
    w = ZF()(h, NO)
    heard = np.abs(np.einsum("bkm,bjm->bkj", h[:, :, 0], w[..., 0]))
    np.testing.assert_allclose(heard[:, ~np.eye(3, dtype=bool)], 0, atol=1e-10)


def test_regularised_zero_forcing_lies_between():
    h = channels(2, 4, 3, 1, 6)
    quiet, loud = RZF()(h, 1e-9).numpy(), RZF()(h, 1e9).numpy()
    # Without noise it inverts; all in noise it is the adjoint channel.
    inverse = np.linalg.pinv(h[:, :, 0])
    inverse /= np.linalg.norm(inverse, axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(quiet[..., 0], np.swapaxes(inverse, 1, 2), atol=1e-6)
    along = (
        h[:, :, 0].conj()
        / np.sqrt(np.sum(np.abs(h) ** 2, axis=(1, 2, 3)))[:, None, None]
    )
    np.testing.assert_allclose(loud[..., 0], along, atol=1e-6)


def test_knowing_the_error_has_the_least_squared_error():
    rng_h, rng_e = channels(3, 1, 3, 1, 6), channels(4, 4000, 3, 1, 6)
    root = np.diag([1.0, 0.8, 0.5, 0.2, 0.1, 0.05]) + 0.3j * np.eye(6, k=1)
    C = 0.3 * root.T @ root.conj()
    belief = Belief.of(rng_h, np.tile(C, (1, 3, 1, 1)))
    true = rng_h + np.sqrt(0.3) * rng_e @ root

    def error(w):
        """Least mean squared error over the errors with a common receive gain."""
        seen = np.einsum("bkm,jm->bkj", true[:, :, 0], w.numpy()[0, :, :, 0])
        wanted = np.mean(np.einsum("bkk->b", seen))
        total = np.mean(np.sum(np.abs(seen) ** 2, axis=(1, 2))) + 3 * NO
        return 3 - np.abs(wanted) ** 2 / total

    robust = RobustRZF()(belief, NO)
    assert error(robust) < error(RZF()(belief, NO)) - 0.01
    for seed in range(20):
        other = robust + 0.02 * channels(seed, *robust.shape)
        other /= np.sqrt(power(other).numpy())
        assert error(robust) < error(tf.constant(other)) + 2e-3


@pytest.mark.parametrize("num_rx", [1, 2])
def test_wmmse_rises_and_ends_where_the_rate_is_flat(num_rx):
    h = channels(5, 6, 3, num_rx, 4)
    streams = 1
    rates = [
        sum_rate(h, WMMSE(streams, num_steps=n)(h, NO), NO).numpy()
        for n in (0, 1, 2, 5, 20, 300)
    ]
    assert (np.diff(rates, axis=0) > -1e-9).all()
    w = tf.Variable(WMMSE(streams, num_steps=1000)(h, NO))
    with tf.GradientTape() as tape:
        unit = w / tf.cast(tf.sqrt(power(w)), w.dtype)[:, None, None, None]
        rate = tf.reduce_sum(sum_rate(h, unit, NO))
    slope = tape.gradient(rate, w).numpy()
    assert np.abs(slope).max() < 2e-2


def test_wmmse_of_one_user_reaches_its_capacity():
    h = channels(6, 5, 1, 3, 4)
    gains = np.linalg.svd(h[:, 0], compute_uv=False) ** 2 / NO
    capacity = np.log2(1 + gains * water_filling(gains, 1.0)).sum(axis=1)
    filled = sum_rate(h, SVDPrecoder(3)(h, NO), NO).numpy()
    np.testing.assert_allclose(filled, capacity, rtol=1e-9)
    found = sum_rate(h, WMMSE(3, num_steps=500)(h, NO), NO).numpy()
    np.testing.assert_allclose(found, capacity, rtol=1e-3)
    np.testing.assert_allclose(dpc_capacity(h, NO), capacity, rtol=1e-6)


def test_wmmse_of_equal_samples_is_that_of_the_mean():
    h = channels(7, 4, 3, 1, 5)
    belief = Belief.of(None, None, np.stack([h] * 3))
    one = WMMSE(num_steps=10)(h, NO).numpy()
    many = WMMSE(num_steps=10, of="samples")(belief, NO).numpy()
    np.testing.assert_allclose(one, many, atol=1e-10)


def test_wmmse_of_samples_has_the_better_mean_rate():
    mean, errors = channels(8, 24, 4, 1, 4), channels(9, 64, 24, 4, 1, 4)
    drawn, unseen = mean + 0.4 * errors[:32], mean + 0.4 * errors[32:]
    belief = Belief.of(mean, None, drawn)
    of_mean = sum_rate(unseen, WMMSE()(belief, 0.01)[None], 0.01)
    sampled = WMMSE(of="samples")(belief, 0.01)[None]
    gain = np.mean(sum_rate(unseen, sampled, 0.01) - of_mean, axis=0)
    assert gain.mean() > 3 * gain.std(ddof=1) / np.sqrt(len(gain))


def test_powers_of_antennas_are_used_and_kept():
    h = channels(10, 4, 1, 1, 5)
    w = WMMSE(per_antenna=True, num_steps=200)(h, NO).numpy()
    # One user of one antenna: all antennas in phase, each at its power.
    np.testing.assert_allclose(np.abs(w[:, 0, :, 0]) ** 2, 1 / 5, rtol=1e-6)
    at = np.einsum("bm,bm->b", h[:, 0, 0], w[:, 0, :, 0])
    np.testing.assert_allclose(np.abs(at), np.abs(h).sum(axis=(1, 2, 3)) / np.sqrt(5))


def test_who_counts_more_gets_more():
    h = channels(11, 8, 2, 1, 2)
    even = user_rates(h, WMMSE()(h, NO), NO).numpy().mean(axis=0)
    skewed = WMMSE(user_weights=[4.0, 1.0])(h, NO)
    skewed = user_rates(h, skewed, NO).numpy().mean(axis=0)
    assert skewed[0] > even[0] + 0.2
    assert skewed[1] < even[1] - 0.2


def test_the_limit_of_two_users_is_that_of_a_search_over_powers():
    h = channels(12, 4, 2, 1, 3)
    found = dpc_capacity(h, NO)
    best = np.zeros(4)
    for share in np.linspace(0, 1, 2001):
        p = np.array([share, 1 - share]) / NO
        total = np.eye(3) + np.einsum("k,bkim,bkin->bmn", p, h.conj(), h)
        best = np.maximum(best, np.linalg.slogdet(total)[1] / np.log(2))
    np.testing.assert_allclose(found, best, atol=1e-6)
    assert (sum_rate(h, WMMSE()(h, NO), NO).numpy() < found).all()


def test_rates_are_those_of_the_definition():
    h, w = channels(13, 2, 3, 2, 5), channels(14, 2, 3, 5, 2)
    found = user_rates(h, w, NO).numpy()
    for b, k in np.ndindex(2, 3):
        J = NO * np.eye(2) + sum(
            h[b, k] @ w[b, j] @ (h[b, k] @ w[b, j]).conj().T for j in {0, 1, 2} - {k}
        )
        own = h[b, k] @ w[b, k]
        ratio = np.linalg.det(J + own @ own.conj().T) / np.linalg.det(J)
        assert found[b, k] == pytest.approx(np.log2(ratio.real))


def test_channels_that_are_nothing_get_nothing():
    zero = np.zeros([2, 3, 1, 4], np.complex64)
    members = (MRT(), ZF(), RZF(), RobustRZF(), WMMSE(num_steps=4))
    for precoder in (*members, WMMSE(num_steps=4, per_antenna=True)):
        assert not np.abs(precoder(zero, NO)).any()
    twins = np.ones([1, 2, 1, 4], np.complex64)  # rank one: nothing can part them
    for precoder in (ZF(), RZF(), WMMSE(num_steps=20)):
        w = precoder(twins, NO).numpy()
        assert np.isfinite(w).all()
        assert power(w).numpy() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("num_rx", [1, 2])
@pytest.mark.parametrize("precoder", [RZF(), RobustRZF(), WMMSE(num_steps=20)])
def test_twins_without_noise_share_the_power(precoder, num_rx):
    # Of rank one in single precision, where no noise is seen beside the signal.
    twins = np.ones([2, 3, num_rx, 8], np.complex64)
    cov = np.tile(np.ones([8, 8], np.complex64), (2, 3, 1, 1))
    for belief in (Belief.of(twins), Belief.of(twins, cov)):
        w = precoder(belief, 1.0, 1e12).numpy()
        assert np.isfinite(w).all()
        np.testing.assert_allclose(power(w), 1e12, rtol=1e-5)
    h = channels(21, 2, 3, num_rx, 8, dtype=np.complex64)
    h[:, 1] = h[:, 0]
    assert np.isfinite(precoder(h, 0.1, 1e12)).all()


H = channels(20, 2, 3, 1, 4)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: RZF(2)(H, NO), "num_streams must be at most the 1 antennas"),
        (lambda: RZF()(channels(0, 2, 5, 1, 4), NO), "at most the 4 antennas"),
        (lambda: RZF()(H, NO, 0.0), "power must be above 0, got 0"),
        (lambda: RZF()(H, NO, -1.0), "power must be above 0, got -1"),
        (lambda: RZF()(H, 0.0), "no must be above 0, got 0"),
        (lambda: RZF()(H * np.nan, NO), "mean must be finite"),
        (lambda: RZF()(H.real, NO), "mean must be complex"),
        (lambda: Belief.of(H[0, 0]), "num_tx_ant"),
        (lambda: Belief.of(None), "mean must be given"),
        (lambda: Belief.of(H, np.ones([2, 3, 4, 3])), "err_cov must be"),
        (lambda: Belief.of(H, np.triu(np.ones([2, 3, 4, 4]))), "must be Hermitian"),
        (lambda: Belief.of(H, -np.tile(np.eye(4), (2, 3, 1, 1))), "variances >= 0"),
        (lambda: Belief.of(H, np.tile(3 - 2 * np.eye(4), (2, 3, 1, 1))), "2 over it"),
        (lambda: Belief.of(H, None, H[:1]), "samples must be"),
        (lambda: WMMSE(of="samples")(H, NO), "samples must be given"),
        (lambda: WMMSE(of="median"), "of must be 'mean' or 'samples'"),
        (lambda: WMMSE(user_weights=[1, -1]), "user_weights must be"),
        (lambda: WMMSE(user_weights=[1.0])(H, NO), "one for each user"),
        (lambda: SVDPrecoder()(H, NO), "num_users must be 1"),
        (lambda: water_filling([1.0, -1.0], 1.0), "gains must be"),
        (lambda: water_filling([1.0], 0.0), "power must be"),
        (lambda: dpc_capacity(H, 0.0), "no must be"),
    ],
)
def test_bad_input_is_named(make, told):
    with pytest.raises(ValueError, match=told):
        make()
