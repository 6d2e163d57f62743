"""AdamW for a training in pieces: its place in a schedule, corrected gradients."""

from typing import Any

import numpy as np

from commgen.generative._untyped import keras, tf


class EpochSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rates of :meth:`TrainingConfig.optimizer`, from a place in them.

    What it is called with is not looked at: AdamW counts the steps that its moments
    have seen, and these may come from elsewhere.
    """

    def __init__(self):
        self._place, self._warmup, self._decay, self._first, self._peak = (
            tf.Variable(value, dtype=tf.float32, trainable=False)
            for value in (0.0, 0.0, 1.0, 0.0, 0.0)
        )

    def start(self, config: Any, steps_per_epoch: int, epoch: int) -> None:
        """Make the first step of ``epoch`` the next one.

        Parameters
        ----------
        config
            :class:`~commgen.generative.TrainingConfig` of the whole training.
        steps_per_epoch
            Times that the optimizer is applied in an epoch.
        epoch
            Counted from 0.
        """
        total = config.num_epochs * steps_per_epoch
        warmup = int(config.warmup_fraction * total)
        self._place.assign(float(epoch * steps_per_epoch))
        self._warmup.assign(float(warmup))
        self._decay.assign(float(max(total - warmup, 1)))
        self._first.assign(config.learning_rate / 100)
        self._peak.assign(config.learning_rate)

    def advance(self) -> None:
        """Move on by one step."""
        self._place.assign_add(1.0)

    def __call__(self, step):
        """Return the learning rate of the present place: a rise, half a cosine."""
        place = tf.minimum(self._place, self._decay + self._warmup)
        rise = (self._peak - self._first) * (place / self._warmup) + self._first
        turn = np.float32(np.pi) * ((place - self._warmup) / self._decay)
        fall = self._peak * (0.5 * (1.0 + tf.cos(turn)))
        return tf.where(place < self._warmup, rise, fall)

    def get_config(self):
        """Return nothing: where it stands is said by :meth:`start`."""
        return {}


class ScheduledAdamW(keras.optimizers.AdamW):
    r"""AdamW whose gradients may be corrected, and are remembered then.

    .. math:: g \leftarrow g + a + \rho\,(w - w_0)

    where a is the control of SCAFFOLD (Karimireddy et al., ICML 2020, eq. 3) and the
    last term that of FedProx (Li et al., MLSys 2020, eq. 2).

    Parameters
    ----------
    config
        :class:`~commgen.generative.TrainingConfig`, for weight decay and momentum.
    variables
        Name to what is trained.
    """

    def __init__(self, config: Any, variables: dict[str, Any]):
        schedule = EpochSchedule()
        super().__init__(
            schedule, weight_decay=config.weight_decay, beta_1=config.beta_1
        )
        self.schedule = schedule
        self.build(list(variables.values()))
        self.of_names = variables
        #: Whether steps that are traced now correct gradients.
        self.corrects = False
        self._corrections: dict[int, tuple[Any, Any, Any]] = {}
        self._order = {id(v): i for i, v in enumerate(variables.values())}

    @property
    def moments(self) -> dict[str, Any]:
        """First and second moments, ``first/NAME`` and ``second/NAME``, variables."""
        pairs = [("first", self._momentums), ("second", self._velocities)]
        return {
            f"{which}/{name}": moment
            for which, moments in pairs
            for name, moment in zip(self.of_names, moments, strict=True)
        }

    def make_corrections(self) -> None:
        """Make the variables of corrections, where there are none."""
        if self._corrections:
            return

        def like(v):
            return tf.Variable(tf.zeros(v.shape), trainable=False)

        self._pull = tf.Variable(0.0, trainable=False)
        self._num_gradients = tf.Variable(
            np.zeros(len(self.of_names), np.float32), trainable=False
        )
        self._corrections = {
            id(v): (like(v), like(v), like(v)) for v in self.of_names.values()
        }

    def set_correction(self, add, pull: float, towards) -> None:
        """Correct gradients from now on; add and towards are name to array."""
        self._pull.assign(pull)
        for name, v in self.of_names.items():
            added, center, _ = self._corrections[id(v)]
            zero = np.zeros(v.shape, np.float32)
            added.assign(add.get(name, zero))
            center.assign(towards.get(name, v if pull else zero))

    def forget_gradients(self) -> None:
        """Begin the mean of gradients anew."""
        if self._corrections:
            self._num_gradients.assign(tf.zeros_like(self._num_gradients))
            for _, _, total in self._corrections.values():
                total.assign(tf.zeros_like(total))

    def mean_gradient(self) -> dict[str, np.ndarray]:
        """Return the mean of the gradients before they were corrected."""
        count = np.maximum(np.array(self._num_gradients), 1)
        return {
            name: np.array(self._corrections[id(v)][2]) / count[i]
            for i, (name, v) in enumerate(self.of_names.items())
        }

    def apply(self, grads, trainable_variables: Any = None):
        """Correct the gradients where this is traced so, take a step, and move on."""
        if self.corrects:
            variables = list(trainable_variables)
            grads = [
                self._corrected(g, v) for g, v in zip(grads, variables, strict=True)
            ]
            seen = np.zeros(len(self.of_names), np.float32)
            seen[[self._order[id(v)] for v in variables]] = 1
            self._num_gradients.assign_add(seen)
        super().apply(grads, trainable_variables)
        self.schedule.advance()

    def _corrected(self, gradient, variable):
        if gradient is None:
            return None
        add, center, total = self._corrections[id(variable)]
        total.assign_add(gradient)
        return gradient + add + self._pull * (variable - center)
