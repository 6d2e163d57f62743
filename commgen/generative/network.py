"""What the families have in common that learn by gradient descent."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_finite, check_int, check_noise_variance
from commgen._memory import check_memory
from commgen.generative._untyped import keras, tf
from commgen.generative.additive import named_under
from commgen.generative.condition import Conditioning
from commgen.generative.model import (
    GenerativeModel,
    check_channels,
    check_condition,
    check_training_set,
)
from commgen.generative.network_training import NetworkTraining
from commgen.generative.noisy_examples import SYMMETRIES
from commgen.generative.training import TrainingConfig, train

_LEAST_CHANNELS = 20
_CHUNK = 256
# What the names of sums over conditions begin with.
_CONDITION = "condition_"


class NetworkModel(GenerativeModel):
    """Family whose networks learn from batches; the training loop is here, once.

    A family gives :meth:`_examples`, ``call`` and :meth:`_loss` (or ``train_step`` and
    ``test_step``), :meth:`_draw`, and where it needs them :meth:`_sums` with
    :meth:`_adapt`, :meth:`calibration_sums` with :meth:`calibrate_sums`, :meth:`_keep`
    and :meth:`_depends_on`.

    Parameters
    ----------
    event_shape, num_conditions, name
        As in :class:`~commgen.generative.GenerativeModel`.
    """

    #: Length and rate of a training that is not told otherwise.
    default_training = TrainingConfig()
    #: Whether :meth:`fit` can learn the channels behind noisy ones.
    learns_from_noise = False
    #: Times that the optimizer is applied in a step, which its schedule counts.
    updates_per_step = 1

    def __init__(self, event_shape, num_conditions=0, *, name=None):
        super().__init__(event_shape, num_conditions, name=name)
        self.conditioning = Conditioning(self.num_conditions)

    def fit(
        self,
        data,
        condition=None,
        *,
        seed,
        validation=None,
        no=None,
        training: TrainingConfig | None = None,
        symmetries=("phase",),
        folder: Path | None = None,
        progress=False,
    ):
        """Train the networks.

        Parameters
        ----------
        data : [n, *event_shape], complex
            Channels of about unit mean power, at least 20.
        condition : [n, num_conditions], float
            Their circumstances; None for a model without conditions.
        seed
            Seed of order, noise and augmentation; initial weights follow
            :func:`keras.utils.set_random_seed`.
        validation : [m, *event_shape], complex, or (channels, condition), or None
            Channels to choose the best epoch by; every tenth of ``data`` where None.
        no : float, optional
            Variance of white noise in ``data`` and ``validation``, which then are
            pilots and not channels; for families that can learn from them.
        training
            Length and rate; the family's own where None.
        symmetries
            Changes that leave the distribution as it is: ``"phase"`` turns the whole
            channel; ``"reversal"`` conjugates and reverses the last axis, as holds for
            a uniform linear array and for uncorrelated delays; ``"shift"`` turns the
            beams of the last axis by up to one of them, which holds nearly.
        folder
            Where the checkpoint and TensorBoard's logs go; a training that was cut off
            goes on from there.
        progress
            Show a progress bar.

        Returns
        -------
        NetworkModel
            This model.

        Raises
        ------
        ValueError
            If the channels are not as
            :func:`~commgen.generative.model.check_training_set` asks, or the
            condition as :func:`~commgen.generative.model.check_condition`; a symmetry
            is unknown; the loss diverges; or ``folder`` holds the checkpoint of
            another training.
        """
        of = self.training(
            data,
            condition,
            seed=seed,
            validation=validation,
            no=no,
            training=training,
            symmetries=symmetries,
        )
        self.adapt_sums(self._all_sums(*of.learn, of.noise))
        self._keep(*of.learn, seed)
        optimizer = of.config.optimizer(self.updates_per_step * of.num_steps)
        keras.Model.compile(self, optimizer, jit_compile=False)
        train(
            self,
            of.batches,
            of.checks,
            of.config,
            folder=folder,
            description=f"training {type(self).__name__}",
            progress=progress,
            identity=of.identity(),
        )
        if not of.noise:
            self.calibrate_sums(self.calibration_sums(*of.check, seed))
        return self

    def training(
        self,
        data,
        condition=None,
        *,
        seed,
        validation=None,
        no=None,
        training: TrainingConfig | None = None,
        symmetries=("phase",),
    ) -> NetworkTraining:
        """Return the training that :meth:`fit` would run, to be run in pieces.

        The model is left as it is; before it is trained it is adapted
        (:meth:`adapt_sums`), and afterwards calibrated (:meth:`calibrate_sums`).

        Parameters
        ----------
        data, condition, seed, validation, no, training, symmetries
            As in :meth:`fit`, and so are the errors.
        """
        unknown = set(symmetries) - set(SYMMETRIES)
        if unknown:
            raise ValueError(
                f"symmetries must be of {SYMMETRIES}, got {sorted(unknown)}."
            )
        noise = self._noise(no)
        learn, check = self._split(data, condition, validation)
        config = training or self.default_training
        return NetworkTraining(
            self, learn, check, config, seed=seed, noise=noise, symmetries=symmetries
        )

    @property
    def step_rule(self) -> Callable[[Any, Any], dict] | None:
        """What takes a step in place of the family's own.

        ``step_rule(model, batch) -> {"loss"}``, in a graph: it gives gradients to
        ``model.optimizer.apply``.
        """
        return self.__dict__.get("_step_rule")

    @step_rule.setter
    def step_rule(self, rule) -> None:
        # Past Keras, which would track what the rule holds.
        self.__dict__["_step_rule"] = rule

    def train_step(self, data):
        """Take a step by :attr:`step_rule`, or as Keras does."""
        if self.step_rule is None:
            return super().train_step(data)
        return self.step_rule(self, data)

    @property
    def averaged_weights(self) -> list[Any]:
        """Weights that steps change besides those that the optimizer does."""
        return []

    def _noise(self, no):
        """Return the noise of the training data as keywords for the hooks."""
        if no is None:
            return {}
        if not self.learns_from_noise:
            raise ValueError(
                f"no must be None, since {type(self).__name__} learns from clean "
                f"channels only, got {no}."
            )
        return {"data_no": float(check_noise_variance("no", no))}

    def _split(self, data, condition, validation):
        """Check all that is given; return (channels, condition) to learn and check."""
        h = check_training_set(
            "data", data, self.event_shape, least=_LEAST_CHANNELS, why="to learn from"
        )
        c = self._checked("condition", condition, len(h))
        if validation is None:
            held_out = np.arange(len(h)) % 10 == 0
            return (
                (h[~held_out], _rows(c, ~held_out)),
                (h[held_out], _rows(c, held_out)),
            )
        v, v_condition = (
            validation
            if isinstance(validation, tuple)
            else (
                validation,
                None,
            )
        )
        v = check_channels("validation", v, self.event_shape)
        name = "condition of validation"
        return (h, c), (v, self._checked(name, v_condition, len(v)))

    def _checked(self, name, condition, n):
        c = check_condition(condition, n, self.num_conditions, name=name)
        if c is None and self.num_conditions:
            raise ValueError(
                f"{name} must be [{n}, {self.num_conditions}] for this model, got None."
            )
        return c

    def sums(self, data, condition=None, *, no=None) -> dict[str, np.ndarray]:
        """Return what :meth:`adapt_sums` takes of channels, for arguments of fit.

        Returns
        -------
        dict
            Name to real array, ``"count"``, of channels, among them. Of several sets
            they add; those of double precision must keep it.

        Raises
        ------
        ValueError
            If the channels or conditions are refused.
        """
        noise = self._noise(no)
        h = check_channels("data", data, self.event_shape)
        return self._all_sums(h, self._checked("condition", condition, len(h)), noise)

    def adapt_sums(self, total: Mapping[str, np.ndarray]) -> None:
        """Take from :meth:`sums`, added, what the networks need not learn."""
        if self.num_conditions:
            of_condition = named_under(_CONDITION, total) | {"count": total["count"]}
            self._adapt_condition(of_condition)
        self._adapt(total)

    def _adapt_condition(self, total) -> None:
        """Take from sums over conditions what standardises them."""
        self.conditioning.adapt_sums(total)

    def _all_sums(self, h, condition, noise) -> dict[str, np.ndarray]:
        """Return :meth:`sums` of what has been checked."""
        sums = {"count": np.array(float(len(h)))} | self._sums(h, condition, **noise)
        if condition is not None:
            of_condition = self.conditioning.sums(condition)
            del of_condition["count"]
            sums |= {_CONDITION + name: value for name, value in of_condition.items()}
        return sums

    def _sums(self, h, condition) -> dict[str, np.ndarray]:
        """Return sums over the training channels that :meth:`_adapt` takes.

        This and :meth:`_examples` are given ``data_no`` too, where channels are noisy.
        """
        return {}

    def _adapt(self, total) -> None:
        """Take from sums what the networks need not learn."""

    def _keep(self, h, condition, seed) -> None:
        """Take from the training channels what no sum tells; after :meth:`_adapt`."""
        if condition is not None:
            self.conditioning.adapt(condition)

    @abstractmethod
    def _examples(self, rng, h, condition, *, validating=False) -> Any:
        """Return what :meth:`_loss` takes, ``(x, y)``, for channels h."""

    def calibration_sums(self, h, condition, seed) -> dict[str, np.ndarray]:
        """Return what :meth:`calibrate_sums` takes of validation channels, to add.

        Parameters
        ----------
        h : [n, *event_shape], complex
            Channels that were not learned.
        condition : [n, num_conditions], float, or None
            Their circumstances.
        seed
            Of the noise that they are received in.

        Returns
        -------
        dict
            Name to real array, ``"count"``, of channels, among them; nothing for a
            family without a calibration.
        """
        return {}

    def calibrate_sums(self, total: Mapping[str, np.ndarray]) -> None:
        """Calibrate by :meth:`calibration_sums`, added, after training."""

    def _depends_on(self) -> list[Any]:
        """Return what else decides the result of a training: the configuration."""
        # A name counts the objects that were made before it.
        return [without_names(self.get_config())]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight=None,
        training=True,
    ):
        """Return what Keras minimises: :meth:`_loss`."""
        return self._loss(x, y, y_pred)

    def _loss(self, x, y, y_pred) -> Any:
        """Return the loss of what ``call`` made of x, where the target is y."""
        raise NotImplementedError(f"{type(self).__name__} has steps of its own.")

    def sample(self, n, condition=None, *, seed):
        """As :meth:`GenerativeModel.sample`."""
        return self._sample(n, condition, seed, self._draw)

    def _sample(self, n, condition, seed, draw: Callable[..., np.ndarray]):
        """Check the arguments of ``sample``, and draw 256 channels at a time."""
        check_int("n", n, low=1)
        check_memory("n", n, (n, *self.event_shape), np.complex64)
        condition = check_condition(condition, n, self.num_conditions)
        if condition is None and self.num_conditions:
            condition = self.conditioning.draw(n, np.random.default_rng([seed, n, 1]))
        h = np.empty((n, *self.event_shape), np.complex64)
        for i in range(0, n, _CHUNK):
            rows = slice(i, min(i + _CHUNK, n))
            rng = np.random.default_rng([seed, i])
            h[rows] = draw(rng, rows.stop - i, _rows(condition, rows))
        check_finite("h of the model", h)
        return h

    @abstractmethod
    def _draw(self, rng, n, condition) -> np.ndarray:
        """Draw n channels, at most 256, under condition [n, num_conditions] or None."""

    def _graph(self, method: str, signature: Any = None) -> Any:
        """Return a method compiled once, for any batch size.

        Without a signature the first call is compiled for its own batch size, and later
        ones for any: rounding may then depend on what was asked for before.
        """
        # Past Keras, which would track the dictionary as a part of the model.
        graphs = self.__dict__.setdefault("_graphs", {})
        if method not in graphs:
            graphs[method] = tf.function(
                getattr(self, method),
                signature,
                autograph=False,
                reduce_retracing=signature is None,
            )
        return graphs[method]


def without_names(config: Any) -> Any:
    """Return a configuration without the names of layers, which say nothing."""
    if isinstance(config, dict):
        return {k: without_names(v) for k, v in config.items() if k != "name"}
    if isinstance(config, list):
        return [without_names(v) for v in config]
    return config


def _rows(condition, rows):
    return None if condition is None else condition[rows]
