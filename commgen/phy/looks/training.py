"""Training of looks on the error of the angle after the last of them."""

import math
from dataclasses import dataclass
from typing import Any

import keras as _keras
import numpy as np
import tensorflow as tf

from commgen._checks import check_int, check_positive, check_snr_db
from commgen._progress import progress_bar
from commgen.measures.decibel import noise_variance
from commgen.phy.looks.alignment import PathDraws
from commgen.phy.looks.network import LookNetwork

keras: Any = _keras

# The error falls by about so many decades in ten decibels; all SNRs count alike.
_DECADES = 0.85
# Of the error after earlier looks, beside that after the last.
_EARLY = 0.1


@dataclass(frozen=True)
class LookTraining:
    """How long, how fast and at which SNRs looks learn.

    Parameters
    ----------
    num_steps
        Of Adam.
    batch_size
        Paths in a step.
    learning_rate
        Of the first step; falls to zero along half a cosine.
    snr_range_db
        At one antenna, uniform in dB.
    """

    num_steps: int = 600
    batch_size: int = 192
    learning_rate: float = 5e-4
    snr_range_db: tuple[float, float] = (-2.0, 12.0)


def train_looks(
    network: LookNetwork,
    *,
    seed: int,
    training: LookTraining | None = None,
    progress: bool = False,
) -> float:
    r"""Descend the error of the angle through all looks and the filter behind them.

    The filter is exact, so that its variance is the expected squared error; both have
    the same mean, and half of each is descended.

    Parameters
    ----------
    network : LookNetwork
        What learns.
    seed
        Of all draws.
    training
        How long and how fast.
    progress
        Show a progress bar.

    Returns
    -------
    float
        Mean loss of the last tenth of the steps.

    Raises
    ------
    FloatingPointError
        If the error is no longer finite.
    """
    training = training or LookTraining()
    steps = check_int("num_steps", training.num_steps, low=1)
    rate = check_positive("learning_rate", training.learning_rate)
    check_snr_db("snr_range_db", training.snr_range_db)
    rng = np.random.default_rng(check_int("seed", seed, low=0))
    step, reached = _Step(network), []
    with progress_bar("learning", steps, unit="steps", enabled=progress) as go:
        for i in range(steps):
            draws = PathDraws.of(
                rng, training.batch_size, network.num_looks, network.angles
            )
            snr_db = rng.uniform(*training.snr_range_db, training.batch_size)
            now = rate * 0.5 * (1 + math.cos(math.pi * i / steps))
            reached.append(step(draws, snr_db, now))
            go(1)
    found = float(np.mean(reached[-max(1, steps // 10) :]))
    if not math.isfinite(found):
        raise FloatingPointError("the error of the angle is no longer finite.")
    return found


class _Step:
    """One step of Adam, traced once."""

    def __init__(self, network):
        self._network = network
        self._optimizer = keras.optimizers.Adam(clipnorm=1.0)
        self._optimizer.build(network.trainable_variables)
        self._graph = tf.function(self._run, autograph=False)

    def __call__(self, draws, snr_db, learning_rate):
        self._optimizer.learning_rate.assign(learning_rate)
        no = noise_variance(snr_db).astype(np.float32)
        h = draws.gain[:, None] * self._network.angles.responses(draws.angle)
        noise = draws.noise * np.sqrt(no)[:, None]
        scale = (10 ** (_DECADES * snr_db / 10)).astype(np.float32)
        return float(self._graph(draws.angle, h, noise, no, scale))

    def _run(self, angle, h, noise, no, scale):
        network, losses = self._network, []
        variables = network.trainable_variables
        with tf.GradientTape() as tape:
            sums = network.angles.start(h.shape[0])
            belief = network.angles.belief(sums, no)
            for step in range(network.num_looks):
                w = network(belief, tf.constant(step), no)
                y = tf.reduce_sum(tf.math.conj(w) * h, axis=1) + noise[:, step]
                sums = network.angles.tell(sums, w, y)
                belief = network.angles.belief(sums, no)
                error = (belief.mean - angle) ** 2 + belief.variance
                losses.append(tf.reduce_mean(scale * error) / 2)
            loss = losses[-1] + _EARLY * tf.add_n(losses) / len(losses)
        slopes = tape.gradient(loss, variables)
        self._optimizer.apply_gradients(zip(slopes, variables, strict=True))
        return losses[-1]
