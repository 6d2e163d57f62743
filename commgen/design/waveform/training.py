r"""Learning of a waveform: the least saturated power that carries the rate.

With P the saturated power over the noise in the band, what is sought is

.. math:: \min P \quad \text{with} \quad \mathrm{GMI} \ge R, \quad \mathrm{ACLR} \le L

over the waveform, by stochastic gradients. P follows so that the GMI stays at the rate
R; the limit of the ACLR is kept by an augmented Lagrangian, as in
:mod:`commgen.design.limits`, of which the multiplier follows step by step.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.design.waveform.goal import WaveformGoal
from commgen.design.waveform.model import FreeWaveform
from commgen.frame.constellation import Constellation
from commgen.frame.information import snr_db_for
from commgen.measures.decibel import from_db, noise_variance

# Symbols of a step at least, and OFDM symbols.
_BATCH, _LEAST_BATCH = 4096, 8
# Total degradation to start from [dB]; what the ACLR stays below its limit [nepers].
_START_DB, _MARGIN = 4.5, 0.01
# By the rate: what a bit is worth, and how fast the noise follows [dB].
_WORTH, _FOLLOW_DB, _MOST_FOLLOW_DB = 10.0, 1.0, 0.2
_FIRST_MULTIPLIER, _WEIGHT, _MULTIPLIER_STEP = 1.0, 3.0, 0.1
# Shares of the steps behind which the step length is divided by three, and by ten.
_SLOWER = ((0.6, 3.0), (0.85, 10.0))


@dataclass(frozen=True)
class TrainingSize:
    """How long it is learned.

    Parameters
    ----------
    num_steps
        Gradient steps.
    learning_rate
        Of Adam, at the start.
    """

    num_steps: int = 600
    learning_rate: float = 1e-2


def train(
    goal: WaveformGoal,
    roll_off: float = 0.0,
    *,
    seed: int,
    points: Any = None,
    size: TrainingSize | None = None,
    progress: bool = False,
) -> FreeWaveform:
    """Return a waveform that was learned for a goal.

    Parameters
    ----------
    goal
        What is asked for.
    roll_off
        One of the goal's.
    seed
        Of the symbols and of the noise.
    points
        As of :class:`FreeWaveform`.
    size
        How long.
    progress
        Show a progress bar.
    """
    size = size or TrainingSize()
    free = FreeWaveform(goal, roll_off, points)
    step = _step_of(free, tf.keras.optimizers.Adam(size.learning_rate))
    rng = np.random.default_rng([seed, 0])
    qam = Constellation.qam(goal.num_bits_per_symbol)
    p_db = snr_db_for(qam, goal.rate, order=20) + _START_DB
    multiplier = _FIRST_MULTIPLIER
    with progress_bar("learning", size.num_steps, unit="steps", enabled=progress) as go:
        for number in range(size.num_steps):
            rate = size.learning_rate / _slower(number / size.num_steps)
            state = rate, noise_variance(p_db), multiplier
            bits, over = step(
                *_draw(free, rng), *(tf.constant(s, tf.float32) for s in state)
            )
            multiplier = max(multiplier + _MULTIPLIER_STEP * float(over), 0.0)
            behind = _WORTH * _FOLLOW_DB * 0.1 * (1 - float(bits) / goal.rate)
            p_db += float(np.clip(behind, -_MOST_FOLLOW_DB, _MOST_FOLLOW_DB))
            go(1, note=f"Psat/N {p_db:.2f} dB")
    return free


def carried(y: Any, labels: Any, bits: np.ndarray, noise: Any, no: Any) -> Any:
    """Bits of a symbol by its GMI, demapped as by ``Clusters``, which it measures.

    Parameters
    ----------
    y : [batch, num_data], complex
        Received, without noise.
    labels : as y, int
        What was sent.
    bits : [M, num_bits_per_symbol]
        Of each label.
    noise : as y, complex
        Of variance ``no``.
    no
        As of the noise.
    """
    y, labels, noise = (tf.reshape(v, [-1]) for v in (y, labels, noise))
    size, bits = len(bits), bits.astype(np.float32)
    count = tf.maximum(tf.cast(tf.math.bincount(labels, minlength=size), tf.float32), 1)
    mean = [
        tf.math.unsorted_segment_sum(part, labels, size) / count
        for part in (tf.math.real(y), tf.math.imag(y))
    ]
    centres = tf.complex(*mean)
    apart = tf.abs(y - tf.gather(centres, labels)) ** 2
    spread = no + tf.math.unsorted_segment_sum(apart, labels, size) / count
    distance = tf.abs((y + noise)[:, None] - centres) ** 2
    likely = tf.nn.softmax(-distance / spread - tf.math.log(spread))
    one, sent = likely @ bits, tf.gather(bits, labels)
    right = tf.maximum(sent * one + (1 - sent) * (1 - one), 1e-12)
    missed = -tf.reduce_mean(tf.reduce_sum(tf.math.log(right), 1))
    return bits.shape[1] + missed / -np.log(2)


def _step_of(free: FreeWaveform, adam):
    """Return a step: (labels, noise, rate, no, multiplier) -> bits, over the limit."""
    goal = free.goal
    bits = Constellation.qam(goal.num_bits_per_symbol).bits
    share = free.num_data / goal.num_tones
    limit = float(np.log(from_db(goal.aclr_db))) - _MARGIN

    @tf.function
    def step(labels, noise, rate, no, multiplier):
        with tf.GradientTape() as tape:
            seen = free.behind(labels)
            white = free.grid(noise) * tf.complex(tf.sqrt(no), 0.0)
            # Fewer symbols than tones have as much less noise.
            value = share * carried(seen.grid, labels, bits, white, share * no)
            over = tf.math.log(seen.adjacent) - limit
            pushed = tf.maximum(multiplier + _WEIGHT * over, 0)
            loss = -_WORTH / goal.rate * value + pushed**2 / (2 * _WEIGHT)
        variables = free.trainable_variables
        adam.learning_rate.assign(rate)
        adam.apply_gradients(
            zip(tape.gradient(loss, variables), variables, strict=True)
        )
        return value, over

    return step


def _draw(free, rng):
    """Labels of a batch, and unit noise on its tones."""
    batch = max(_BATCH // free.num_data, _LEAST_BATCH)
    size = 2**free.goal.num_bits_per_symbol
    labels = rng.integers(size, size=(batch, free.num_data))
    noise = complex_normal(rng, (batch, free.goal.num_tones))
    return tf.constant(labels, tf.int32), tf.constant(noise)


def _slower(done):
    return max((by for share, by in _SLOWER if done >= share), default=1.0)
