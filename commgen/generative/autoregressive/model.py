"""Autoregressive model of complex channels: exact likelihood, any length in time."""

from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.generative._untyped import keras, ops, tf
from commgen.generative.autoregressive.recurrent import RecurrentPredictor
from commgen.generative.autoregressive.stationary import StationaryPredictor
from commgen.generative.autoregressive.steps import StepSequence
from commgen.generative.family import NetworkFamily
from commgen.generative.flow.power import PowerSpline
from commgen.generative.likelihood import LikelihoodModel
from commgen.generative.model import check_condition
from commgen.generative.training import TrainingConfig

_CHUNK = 256
# Numbers before that a mean is made of: along beams or taps; along time; and, where a
# step has several, in the step itself.
_BEAM_LAGS, _TIME_LAGS, _INNER_LAGS = 4, 24, 3


@keras.saving.register_keras_serializable("commgen")
class Autoregressive(LikelihoodModel):
    r"""Recurrent network that draws a channel number by number.

    .. math:: p(h) = |\det F| \prod_s p(x_s\,|\,x_1, \dots, x_{s-1}), \quad x = F h

    Each factor is a mixture of complex Gaussians, of a
    :class:`~commgen.generative.autoregressive.recurrent.RecurrentPredictor`: the
    density of a channel is exact, and does not depend on its phase. F is the scaled
    Fourier transform, with a :class:`~commgen.generative.flow.power.PowerSpline` behind
    it. The order runs along one axis: over beams of an array, taps of an impulse
    response; entries that share a place on that axis follow each other.

    Where the channel evolves, ``over_time`` makes the axis one of time. Then it is not
    transformed, each step is drawn by the same law from what was before, and a sequence
    can be longer than those of the training. With one Gaussian in a mixture the law
    follows the condition alone (a
    :class:`~commgen.generative.autoregressive.stationary.StationaryPredictor`):
    independent Gaussian processes of the same power under all conditions, as is
    Rayleigh fading of a known Doppler shift. With several it follows the past, too.

    Parameters
    ----------
    event_shape
        Shape of one channel.
    axis
        Axis of the event along which steps run.
    over_time
        Whether that axis is time.
    num_mixtures
        Gaussians in a mixture.
    width
        Features of the recurrent network.
    num_conditions, name
        As in :class:`~commgen.generative.GenerativeModel`.
    """

    default_training = TrainingConfig(num_epochs=36, batch_size=128, learning_rate=2e-3)

    def __init__(
        self,
        event_shape,
        axis=-1,
        over_time=False,
        num_mixtures=8,
        width=96,
        num_conditions=0,
        *,
        name=None,
    ):
        super().__init__(event_shape, num_conditions, name=name)
        rank = len(self.event_shape)
        self.axis = check_int("axis", axis, low=-rank, high=rank - 1) % rank
        self.over_time = bool(over_time)
        self.num_mixtures = check_int("num_mixtures", num_mixtures, low=1)
        self.width = check_int("width", width, low=1)
        self.steps = StepSequence(self.event_shape, self.axis, self.over_time)
        self.predictor = self._predictor()
        self.predictor.build((None, self.num_conditions))
        self.power = None if self.over_time else PowerSpline(self._num_entries)
        if self.power is not None:
            self.power.build((None, self.num_conditions))
        self.built = True

    def _predictor(self) -> Any:
        step_size = self.steps.step_size
        if self.stationary:
            return StationaryPredictor(_TIME_LAGS, step_size, self.width)
        num_places = _TIME_LAGS + 1 if self.over_time else self.steps.num_steps
        return RecurrentPredictor(
            *lags_of(step_size, self.over_time),
            step_size=step_size,
            num_positions=num_places * step_size,
            num_mixtures=self.num_mixtures,
            width=self.width,
        )

    @property
    def _num_entries(self) -> int:
        return int(np.prod(self.event_shape))

    @property
    def stationary(self) -> bool:
        """Whether the law of a step follows the condition alone."""
        return self.over_time and self.num_mixtures == 1

    def call(self, inputs):
        """Return the log-density of {"x": [n, size, 2], "condition"}, [n]."""
        condition = self.conditioning(inputs["condition"])
        if self.stationary:
            return self.predictor((inputs["x"], condition))
        x, log_det = inputs["x"], 0.0
        if self.power is not None:
            x, log_det = self.power((x, condition))
        positions = tf.constant(self._positions(self.steps.num_steps))
        log_p = self.predictor((x, positions, condition))
        return log_det + ops.sum(log_p, axis=1)

    def sample_sequence(self, n, num_steps, condition=None, *, seed):
        """Draw channels that evolve over any number of time steps.

        Parameters
        ----------
        n
            Sequences, at least 1.
        num_steps
            Length of the time axis, at least 1.
        condition, seed
            As in :meth:`sample`; a condition holds for a whole sequence.

        Returns
        -------
        [n, ...], complex64
            As the event, but with ``num_steps`` entries along the time axis.

        Raises
        ------
        ValueError
            If the model is not one over time, or an argument is out of range.
        """
        if not self.over_time:
            raise ValueError(
                "over_time must be True for a sequence of any length, got False."
            )
        check_int("n", n, low=1)
        check_int("num_steps", num_steps, low=1)
        condition = self._conditions(n, condition, seed)
        shape = list(self.event_shape)
        shape[self.axis] = num_steps
        h = np.empty((n, *shape), np.complex64)
        for i in range(0, n, _CHUNK):
            rows = slice(i, min(i + _CHUNK, n))
            rng = np.random.default_rng([seed, i])
            c = None if condition is None else condition[rows]
            h[rows] = self._sequence(rng, rows.stop - i, num_steps, c)
        return h

    def _conditions(self, n, condition, seed):
        """Return [n, num_conditions], of training channels where none is given."""
        condition = check_condition(condition, n, self.num_conditions)
        if condition is None and self.num_conditions:
            rng = np.random.default_rng([seed, n, 1])
            condition = self.conditioning.draw(n, rng)
        return condition

    def _positions(self, num_steps) -> np.ndarray:
        """Return the kind of place of each number, [num_steps * step_size], int32."""
        step = np.arange(num_steps, dtype=np.int32)
        if self.over_time:  # after these, one place in time is like another
            step = np.minimum(step, _TIME_LAGS)
        inner = np.arange(self.steps.step_size, dtype=np.int32)
        return (step[:, None] * self.steps.step_size + inner).reshape(-1)

    def _sums(self, h, condition):
        return self.steps.sums(h)

    def _adapt(self, total):
        self.steps.adapt_sums(total)

    def _encode(self, h):
        return self.steps.encode(h)

    def _log_volume(self):
        log_scale = np.log(self.steps.scale.astype(np.float64))
        return -2 * float(log_scale.mean()) * self._num_entries

    def _draw(self, rng, n, condition):
        return self._sequence(rng, n, self.steps.num_steps, condition)

    def _sequence(self, rng, n, num_steps, condition):
        positions = self._positions(num_steps)
        choice = rng.random((len(positions), n), dtype=np.float32)
        noise = complex_normal(rng, (len(positions), n))[..., None].view(np.float32)
        condition = self._given(condition, n)
        x = self._graph("_generate")(choice, noise, positions, condition)
        return self.steps.decode(x)

    def _generate(self, choice, noise, positions, condition):
        condition = self.conditioning(condition)
        if self.stationary:
            return self.predictor.generate(noise, condition)
        x = self.predictor.generate(choice, noise, positions, condition)
        return x if self.power is None else self.power.invert(x, condition)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "over_time": self.over_time,
            "num_mixtures": self.num_mixtures,
            "width": self.width,
        }


def lags_of(step_size, over_time) -> tuple[list[int], list[int]]:
    """Return the lags that the mean of a number is made of, free ones and along time.

    Along time it is the same entry in the steps before; else free lags reach that, and
    in both cases some neighbours of it.
    """
    near = [*range(1, _INNER_LAGS + 1), step_size - 1, step_size + 1]
    near = near if step_size > 1 else []
    if over_time:
        time = [step_size * (1 + k) for k in range(_TIME_LAGS)]
        return sorted({*near} - {*time}), time
    return sorted({*near, *(step_size * (1 + k) for k in range(_BEAM_LAGS))}), []


FAMILIES = {"autoregressive": NetworkFamily(Autoregressive)}
