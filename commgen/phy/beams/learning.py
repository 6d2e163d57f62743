"""Training of a precoder on the rate of what it sends, without examples of weights."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras as _keras
import numpy as np
import tensorflow as tf

from commgen._checks import check_int, check_positive
from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.measures.decibel import noise_variance
from commgen.phy.beams.belief import Belief
from commgen.phy.beams.rate import sum_rate

keras: Any = _keras

#: What is believed in a step, and the noise variance over the power, [batch].
Examples = Callable[[np.random.Generator], tuple[Belief, np.ndarray]]


@dataclass(frozen=True)
class PrecoderTraining:
    """How long and how fast a precoder learns.

    Parameters
    ----------
    num_steps
        Steps of Adam.
    learning_rate
        Of the first; falls to zero along half a cosine.
    """

    num_steps: int = 3000
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class RayleighBeliefs:
    """Random numbers of users, SNRs and errors; a call draws a batch of beliefs.

    Parameters
    ----------
    num_users
        The most; three batches of five have so many, the rest any number.
    num_tx_ant
        Of the base station.
    snr_range_db
        Power over noise, uniform in dB.
    err_var_range
        Variance of the error of a channel of unit variance, uniform in its logarithm;
        None where channels are known.
    num_samples
        Draws of what the channels may be, where they are not known.
    batch_size
        Beliefs in a step.
    """

    num_users: int = 8
    num_tx_ant: int = 8
    snr_range_db: tuple[float, float] = (-5.0, 30.0)
    err_var_range: tuple[float, float] | None = None
    num_samples: int = 16
    batch_size: int = 256

    def __call__(self, rng: np.random.Generator) -> tuple[Belief, np.ndarray]:
        """Draw beliefs, and their noise variances at a power of one."""
        users = self.num_users
        if rng.random() >= _FULL:
            users = int(rng.integers(1, users + 1))
        h = complex_normal(rng, (self.batch_size, users, 1, self.num_tx_ant))
        no = noise_variance(rng.uniform(*self.snr_range_db, self.batch_size))
        if self.err_var_range is None:
            return Belief(h), no
        low, high = np.log(self.err_var_range)
        var = np.exp(rng.uniform(low, high, (self.batch_size, 1, 1, 1)))
        var = var.astype(np.float32)
        errors = complex_normal(rng, (self.num_samples, *h.shape))
        mean = np.sqrt(1 - var) * h
        cov = var * np.tile(np.eye(self.num_tx_ant), (1, users, 1, 1))
        return Belief(mean, cov.astype(h.dtype), mean + np.sqrt(var) * errors), no


_FULL = 0.6


def train_precoder(
    network: Any,
    examples: Examples,
    *,
    seed: int,
    training: PrecoderTraining | None = None,
    progress: bool = False,
) -> float:
    r"""Climb the sum rate over what is believed, relative to a plain bound of it.

    Parameters
    ----------
    network : UnfoldedPrecoder
        What learns.
    examples
        Draws beliefs; with samples, the mean rate over them counts.
    seed
        Of all draws.
    training
        Length and rate.
    progress
        Show a progress bar.

    Returns
    -------
    float
        Mean over the last tenth of the steps of the rate, relative to users without
        interference of the same mean gain.

    Raises
    ------
    FloatingPointError
        If the rate is no longer finite.
    """
    training = training or PrecoderTraining()
    steps = check_int("num_steps", training.num_steps, low=1)
    rate = check_positive("learning_rate", training.learning_rate)
    rng = np.random.default_rng(check_int("seed", seed, low=0))
    step, reached = _Step(network), []
    with progress_bar("learning", steps, unit="steps", enabled=progress) as go:
        for i in range(steps):
            belief, no = examples(rng)
            now = rate * 0.5 * (1 + math.cos(math.pi * i / steps))
            reached.append(step(*in_noise(belief, no), now))
            go(1)
    found = float(np.mean(reached[-max(1, steps // 10) :]))
    if not math.isfinite(found):
        raise FloatingPointError("the rate of the precoder is no longer finite.")
    return found


def in_noise(belief: Belief, no: Any) -> tuple[Any, Any, Any]:
    """Return a belief over the noise: mean, covariance and channels that count.

    Parameters
    ----------
    belief : Belief
        Users of one antenna.
    no : scalar or [batch], float
        Noise variance over the power.
    """
    mean = tf.cast(belief.mean, tf.complex64)
    scale = tf.cast(1 / tf.sqrt(tf.cast(no, tf.float32)), tf.complex64)
    if scale.shape.rank:
        scale = scale[:, None, None, None]
    cov, samples = belief.err_cov, belief.samples
    samples = mean[None] if samples is None else tf.cast(samples, mean.dtype)
    if cov is not None:
        cov = tf.cast(cov, mean.dtype) * scale**2
    return (mean * scale)[:, :, 0], cov, samples * scale


class _Step:
    """One step of Adam, traced once for each shape."""

    def __init__(self, network):
        self._network = network
        self._optimizer = keras.optimizers.Adam(clipnorm=1.0)
        self._optimizer.build(network.trainable_variables)
        self._graph = tf.function(self._run, autograph=False)

    def __call__(self, h, err_cov, counts, learning_rate):
        self._optimizer.learning_rate.assign(learning_rate)
        return float(self._graph(h, err_cov, counts))

    def _run(self, h, err_cov, counts):
        variables = self._network.trainable_variables
        with tf.GradientTape() as tape:
            w = self._network(h, err_cov)[..., None]
            rates = tf.reduce_mean(sum_rate(counts, w[None], 1.0), axis=0)
            gain = tf.reduce_sum(tf.math.real(h * tf.math.conj(h)), axis=2)
            alone = tf.math.log1p(gain / h.shape[1]) / math.log(2)
            share = tf.reduce_mean(rates / (tf.reduce_sum(alone, axis=1) + _FLOOR))
            loss = -share
        slopes = tape.gradient(loss, variables)
        self._optimizer.apply_gradients(zip(slopes, variables, strict=True))
        return share


# Bits; beliefs of nearly no rate do not outweigh the rest.
_FLOOR = 0.1
