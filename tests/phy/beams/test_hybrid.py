"""Few chains and phases alone, against the digital limit and brute force."""

import numpy as np
import pytest
import tensorflow as tf

from commgen._random import complex_normal
from commgen.phy.beams import (
    MRT,
    RZF,
    WMMSE,
    Belief,
    ConstantModulus,
    HybridPrecoder,
    Precoder,
    RobustRZF,
    sum_rate,
)

NO = 0.1


def channels(seed, *shape):
    return complex_normal(np.random.default_rng(seed), shape).astype(np.complex128)


@pytest.mark.parametrize(
    ("digital", "num_chains"),
    [(RZF(), 6), (RZF(), 9), (WMMSE(num_steps=4), 6), (RobustRZF(), 12)],
)
def test_two_chains_a_stream_lose_nothing(digital, num_chains):
    """Twice as many chains as streams make any weights, and so do all antennas."""
    h = channels(0, 4, 3, 1, 12)
    root = channels(1, 1, 3, 12, 12)
    cov = 0.05 * root @ np.swapaxes(root.conj(), 2, 3)
    belief = Belief.of(h, np.tile(cov, (4, 1, 1, 1)))
    w = HybridPrecoder(num_chains, digital, num_steps=2)(belief, NO)
    np.testing.assert_allclose(w, digital(belief, NO), atol=2e-6)


def test_fewer_chains_lose_less_the_more_there_are():
    h = channels(2, 20, 4, 1, 16)
    rates = [
        np.mean(sum_rate(h, HybridPrecoder(n, RZF())(h, NO), NO)) for n in (4, 6, 8)
    ]
    full = np.mean(sum_rate(h, RZF()(h, NO), NO))
    assert rates[0] < rates[1] < rates[2]
    assert rates[2] == pytest.approx(full, rel=1e-5)
    assert rates[0] > 0.7 * full


def test_turns_bring_phases_nearer():
    h = channels(3, 20, 4, 1, 16)
    belief, W = Belief.of(h), RZF().weights(Belief.of(h), NO, 1.0).numpy()
    W = np.concatenate(np.split(W, 4, axis=1), axis=3)[:, 0]
    errors = []
    for num_steps in (0, 1, 6):
        F = HybridPrecoder(5, num_steps=num_steps).shifters(belief, NO, 1.0).numpy()
        np.testing.assert_allclose(np.abs(F), 1, rtol=1e-9)
        left = W - F @ (np.linalg.pinv(F) @ W)
        errors.append(np.sum(np.abs(left) ** 2, axis=(1, 2)))
    assert (np.diff(errors, axis=0) < 1e-9).all()
    assert errors[-1].mean() < 0.95 * errors[0].mean()


def test_pursuit_finds_the_columns_that_channels_are_made_of():
    n = np.arange(16)
    dft = np.exp(2j * np.pi * np.outer(n, n) / 16)
    picked = np.array([3, 8, 11])
    mixed = channels(4, 5, 3, 3)
    h = (mixed @ dft[:, picked].conj().T)[:, :, None]
    h = h.astype(np.complex64)
    hybrid = HybridPrecoder(3, codebook=dft)
    F = hybrid.shifters(Belief.of(h), NO, 1.0).numpy()
    found = np.sort(np.argmax(np.abs(dft.conj().T @ F), axis=1), axis=1)
    assert (found == picked).all()
    np.testing.assert_allclose(hybrid(h, NO), RZF()(h, NO), atol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HybridPrecoder(2), r"num_chains must be from the 3 streams to the 8"),
        (lambda: HybridPrecoder(9), r"3 streams to the 8 antennas, got 9"),
        (
            lambda: HybridPrecoder(3, codebook=np.eye(8)),
            r"codebook must be .* of one m",
        ),
        (
            lambda: HybridPrecoder(3, codebook=np.ones((4, 4))),
            r"codebook must be \[8, at least 3\], got \(4, 4\)",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()(channels(5, 2, 3, 1, 8), NO)


def test_phases_alone_rise_in_rate_and_stay_phases():
    h = channels(6, 10, 3, 1, 8)
    rates, precoder = [], ConstantModulus()
    for num_steps in (0, 1, 3, 15):
        precoder.num_steps = num_steps
        w = precoder(h, NO)
        spread = np.abs(w) / np.abs(w[:, :, :1])
        np.testing.assert_allclose(spread, 1, rtol=1e-6)
        rates.append(sum_rate(h, w, NO).numpy())
    assert (np.diff(rates, axis=0) > -1e-9).all()
    assert np.mean(rates[-1]) > np.mean(rates[0]) + 0.1
    free = sum_rate(h, WMMSE(num_steps=15)(h, NO), NO).numpy()
    assert np.mean(rates[-1]) < np.mean(free)


def test_one_user_takes_the_phases_of_its_channel():
    """The best phases for one user are known: those of equal-gain transmission."""
    h = channels(7, 5, 1, 1, 8)
    w = ConstantModulus(num_steps=1, start=MRT())(h, NO).numpy()[:, 0, :, 0]
    got = np.abs(np.einsum("bm,bm->b", h[:, 0, 0], w))
    np.testing.assert_allclose(got, np.abs(h[:, 0, 0]).sum(axis=1) / np.sqrt(8))


class Start(Precoder):
    """Weights at random."""

    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def weights(self, belief, no, power):
        """Return weights that depend on the seed alone."""
        shape = np.array(belief.mean.shape)[[0, 1, 3, 2]]
        return tf.constant(channels(self.seed, *shape))


def test_two_antennas_against_all_phases():
    """Two users, two antennas: a grid of phases and powers finds nothing better."""
    h = channels(8, 3, 2, 1, 2)
    turns = np.exp(2j * np.pi * np.arange(60) / 60)
    max_rate = np.zeros(3)
    for share in np.linspace(0, 1, 31):
        for a in turns:
            w = np.empty((60, 2, 2, 1), complex)
            w[:, 0, :, 0] = np.sqrt(share / 2) * np.array([1, a])
            w[:, 1, 0, 0] = np.sqrt((1 - share) / 2)
            w[:, 1, 1, 0] = np.sqrt((1 - share) / 2) * turns
            heard = np.einsum("burm,tvms->tbuv", h, w)
            power = np.abs(heard) ** 2
            own = np.einsum("tbuu->tbu", power)
            rate = np.log2(1 + own / (power.sum(-1) - own + NO)).sum(-1)
            max_rate = np.maximum(max_rate, rate.max(axis=0))
    precoder, found = ConstantModulus(num_steps=100), np.zeros(3)
    for seed in range(4):
        precoder.start = Start(seed)
        found = np.maximum(found, sum_rate(h, precoder(h, NO), NO))
    assert (found <= max_rate * 1.005).all()
    assert (found >= max_rate * 0.995).all()


def test_gradients_flow():
    h = tf.constant(channels(9, 2, 2, 1, 6))
    for precoder in (HybridPrecoder(3, num_steps=1), ConstantModulus(num_steps=1)):
        with tf.GradientTape() as tape:
            tape.watch(h)
            rate = tf.reduce_sum(sum_rate(h, precoder(h, NO), NO))
        slope = tf.convert_to_tensor(tape.gradient(rate, h)).numpy()
        assert np.isfinite(slope).all()
        assert np.abs(slope).max() > 0
