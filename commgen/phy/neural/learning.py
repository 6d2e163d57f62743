"""Points and demapper learned together, through a channel that lets gradients pass."""

from collections.abc import Callable
from typing import Annotated, Any

import keras as _keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from commgen._checks import check_int, check_positive
from commgen._progress import progress_bar
from commgen._settings import Count, Float, PositiveFloat, Settings
from commgen.measures.decibel import from_db
from commgen.phy.neural.mapper import LearnedMapper

keras: Any = _keras
# Share of the steps in which the added noise falls, and the rate is held.
_FALL = 0.6
_LAST_RATE = 0.01


class PointTraining(Settings):
    """How long, and from what noise on.

    Parameters
    ----------
    num_steps
        Steps of Adam.
    draws
        Noises that each point meets in a step.
    learning_rate
        Held while noise falls, and then led down to a hundredth.
    start_snr_db
        Noise is added at first, down to this SNR: labels that share a place in much
        noise are good ones, as in :mod:`commgen.design.search`.
    """

    num_steps: Count = 800
    draws: Count = 64
    learning_rate: PositiveFloat = 0.02
    start_snr_db: Annotated[Float, Field(ge=-20, le=60)] = 0.0


def learn_points(
    mapper: LearnedMapper,
    demapper: Any,
    channel: Callable[..., Any],
    *,
    no: float,
    seed: int,
    training: PointTraining | None = None,
    progress: bool = False,
) -> float:
    """Climb the bit-wise mutual information of mapper, channel and demapper.

    What is minimised is the cross-entropy of the bits, which is the entropy of a symbol
    less the generalised mutual information that the demapper's LLRs reach (Cammerer et
    al., "Trainable communication systems: concepts and prototype", IEEE Trans. Commun.
    68(9), 2020, eq. 5). Every label is sent equally often in a step.

    Parameters
    ----------
    mapper
        Whose points move.
    demapper
        :class:`~commgen.phy.neural.demapper.ExactDemapper`, ``LearnedDemapper``, or any
        ``(y, no) -> llr`` with ``trainable_variables``.
    channel
        ``channel(x, seed=words) -> y``, differentiable, with its noise inside, such as
        :class:`~commgen.channels.SurrogateChannel`. Its ``trainable_variables`` learn
        too, where it has any.
    no
        What the demapper is told of that noise: its variance.
    seed
        Seed of all noise.
    training
        Length and rate.
    progress
        Show a progress bar.

    Returns
    -------
    float
        Generalised mutual information of the last tenth of the steps [bit/symbol].

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite.
    """
    training = training or PointTraining()
    check_int("seed", seed, low=0)
    step = _Step(mapper, demapper, channel, training)
    schedule = _schedule(check_positive("no", no), training)
    losses = []
    with progress_bar("learning", len(schedule), unit="steps", enabled=progress) as go:
        for k, (added, rate) in enumerate(schedule):
            step.optimizer.learning_rate.assign(rate)
            words = np.random.SeedSequence([seed, k]).generate_state(4).view(np.int32)
            losses.append(float(step(words, added, no + added)))
            go(1)
    found = float(np.mean(losses[-max(1, len(losses) // 10) :]))
    if not np.isfinite(found):
        raise FloatingPointError("the loss of the points is no longer finite.")
    return mapper.num_bits_per_symbol - found


def _schedule(no, training) -> list[tuple[float, float]]:
    """Return added noise and learning rate of each step."""
    n = training.num_steps
    at = np.arange(n) / n
    falling = np.clip(at / _FALL, 0, 1)
    start = max(float(from_db(-training.start_snr_db)), no)
    total = np.exp((1 - falling) * np.log(start) + falling * np.log(no))
    late = np.clip((at - _FALL) / (1 - _FALL), 0, 1)
    rate = training.learning_rate * _LAST_RATE**late
    added = np.maximum(total - no, 0.0)
    return [(float(a), float(r)) for a, r in zip(added, rate, strict=True)]


class _Step:
    """One step of Adam, traced once."""

    def __init__(self, mapper, demapper, channel, training):
        self._mapper, self._demapper, self._channel = mapper, demapper, channel
        q = mapper.num_bits_per_symbol
        bits = np.arange(2**q)[:, None] >> np.arange(q)[::-1] & 1
        # [2**q, draws * q]: each label as often as the others.
        self._bits = tf.constant(np.tile(bits, (1, training.draws)), mapper.rdtype)
        parts = mapper, demapper, channel
        self._variables = [
            v for part in parts for v in getattr(part, "trainable_variables", ())
        ]
        self.optimizer = keras.optimizers.Adam(training.learning_rate)
        self.optimizer.build(self._variables)
        self._graph = tf.function(self._run, autograph=False)

    def __call__(self, words, added, no):
        numbers = (tf.constant(v, self._mapper.rdtype) for v in (added, no))
        return self._graph(tf.constant(words), *numbers)

    def _run(self, words, added, no):
        with tf.GradientTape() as tape:
            x = self._mapper(self._bits)
            y = self._channel(x, seed=words[:2])
            parts = tf.random.stateless_normal(
                (2, *x.shape), words[2:], dtype=self._mapper.rdtype
            )
            noise = tf.complex(parts[0], parts[1])
            y = y + tf.cast(tf.sqrt(added / 2), y.dtype) * noise
            llr = self._demapper(y, no)
            missed = tf.nn.sigmoid_cross_entropy_with_logits(self._bits, llr)
            bits = self._mapper.num_bits_per_symbol
            loss = bits * tf.reduce_mean(missed) / np.log(2)
        slopes = tape.gradient(loss, self._variables)
        self.optimizer.apply_gradients(zip(slopes, self._variables, strict=True))
        return loss
