"""The training of a network in pieces, between which its weights may travel."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from commgen.generative.noisy_examples import augment
from commgen.generative.stepper import Stepper
from commgen.generative.training import (
    Batches,
    TrainingConfig,
    check_losses,
    fingerprint,
)
from commgen.generative.weights import assign, check_names, values

_CHECK_BATCH = 512

Channels = tuple[np.ndarray, np.ndarray | None]


class NetworkTraining:
    """Channels, order and schedule of one training of a model.

    It is one training whatever the pieces: the learning rate of an epoch is that of
    :meth:`TrainingConfig.optimizer` over all ``config.num_epochs``, and its batches
    follow from seed and epoch alone. Several trainings, of nodes of a federation, may
    share a model in a process: they take turns with its weights. To go on where it was,
    a training loads its weights (:meth:`load`) and moments (:meth:`load_moments`): the
    first are those of the model, the second begin at zero where another training came
    between.

    Parameters
    ----------
    model
        :class:`~commgen.generative.network.NetworkModel`, adapted
        (:meth:`~commgen.generative.network.NetworkModel.adapt_sums`).
    learn, check : (channels, condition)
        To learn from, and to measure the validation loss by.
    config
        Length and rate of the whole training.
    seed
        Of order, noise and augmentation.
    noise
        As :meth:`~commgen.generative.network.NetworkModel.fit` takes it, for the hooks.
    symmetries
        As there.
    """

    def __init__(
        self,
        model: Any,
        learn: Channels,
        check: Channels,
        config: TrainingConfig,
        *,
        seed,
        noise: Mapping[str, float],
        symmetries=("phase",),
    ):
        self.model, self.config = model, config
        self.learn, self.check, self.noise = learn, check, noise
        self._seed, self._symmetries = seed, symmetries
        self.batches = Batches(
            lambda rng, rows: model._examples(
                rng,
                augment(rng, learn[0][rows], symmetries),
                _rows(learn[1], rows),
                **noise,
            ),
            len(learn[0]),
            config.batch_size,
            seed=seed,
            choose=getattr(model.step_rule, "rows", None),
        )
        self.checks = Batches(
            lambda rng, rows: model._examples(
                rng, check[0][rows], _rows(check[1], rows), validating=True, **noise
            ),
            len(check[0]),
            _CHECK_BATCH,
            seed=seed + 1,
            epoch=None,
        )
        self._correction: tuple[Mapping, float, Mapping] | None = None

    @property
    def num_examples(self) -> int:
        """Channels that are learned from."""
        return len(self.learn[0])

    @property
    def num_steps(self) -> int:
        """Steps of an epoch."""
        return len(self.batches)

    @property
    def constant(self) -> frozenset[str]:
        """Names in :meth:`state` that no training changes: scales, a mixture, tables.

        What a family averages in its own steps is none of them.
        """
        stepper = self._stepper
        averaged = {id(v) for v in self.model.averaged_weights}
        return frozenset(
            name
            for name, v in stepper.weights.items()
            if name not in stepper.trained and id(v) not in averaged
        )

    def run(self, first: int, last: int) -> list[tuple[float, float]]:
        """Train from epoch ``first`` up to epoch ``last``, which is not trained.

        Returns
        -------
        list of (loss, val_loss)
            One entry for each epoch.

        Raises
        ------
        ValueError
            If the epochs are not of this training, or a loss is no longer finite.
        """
        if not 0 <= first <= last <= self.config.num_epochs:
            raise ValueError(
                f"epochs must lie in 0..{self.config.num_epochs}, in order, got "
                f"{first} to {last}."
            )
        stepper = self._turn()
        corrects = self._correction is not None
        steps = self.num_steps * self.model.updates_per_step
        stepper.optimizer.schedule.start(self.config, steps, first)
        losses = []
        for epoch in range(first, last):
            # Keras moves batches on once before the first epoch: as in a fit.
            self.batches.start(epoch + 1)
            loss = stepper.epoch(self.batches, corrects=corrects)
            losses.append((loss, stepper.loss(self.checks)))
            check_losses(epoch, *losses[-1])
        return losses

    def loss(self) -> float:
        """Return the validation loss of the present weights."""
        return self._stepper.loss(self.checks)

    def state(self) -> dict[str, np.ndarray]:
        """Return the weights of the model by name."""
        return values(self._stepper.weights)

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Give the model weights, all or some of them, and forget its gradients.

        Raises
        ------
        ValueError
            If a name is unknown, or a shape another one.
        """
        stepper = self._stepper
        assign(stepper.weights, state, "weight")
        stepper.optimizer.forget_gradients()

    def moments(self) -> dict[str, np.ndarray]:
        """Return the moments of AdamW, and how many steps they have seen.

        Returns
        -------
        dict
            ``first/NAME`` and ``second/NAME``, shaped as the weights that are trained,
            and ``iterations``, [].
        """
        optimizer = self._turn().optimizer
        iterations = np.array(float(np.array(optimizer.iterations)))
        return {**values(optimizer.moments), "iterations": iterations}

    def load_moments(self, moments: Mapping[str, np.ndarray]) -> None:
        """Go on from moments, all of them, of this training or averaged over several.

        Nothing (``{}``) is where a training begins. ``iterations`` corrects the bias of
        moments that began at zero, so it goes with them; a mean of several is rounded.

        Raises
        ------
        ValueError
            If names are unknown or missing, or a shape is another one.
        """
        optimizer = self._turn().optimizer
        known = optimizer.moments
        if not moments:
            self._begin()
            return
        arrays = {k: v for k, v in moments.items() if k != "iterations"}
        missing = sorted({*known, "iterations"} - set(moments))
        if missing:
            raise ValueError(f"moments must have all names, {missing[0]!r} is missing.")
        assign(known, arrays, "moment")
        optimizer.iterations.assign(round(float(moments["iterations"])))

    def correct(
        self,
        add: Mapping[str, np.ndarray] | None = None,
        pull: float = 0.0,
        towards: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Correct each gradient to g + add + pull (w - towards) from now on.

        Without arguments gradients stay, and :meth:`mean_gradient` tells their mean.

        Parameters
        ----------
        add
            Name to array, for some of the weights that are trained.
        pull
            At least 0.
        towards
            Name to array; where a name is missing, there is no pull.

        Raises
        ------
        ValueError
            If a name is unknown, or ``pull`` negative or without ``towards``.
        """
        add, towards = dict(add or {}), dict(towards or {})
        if not 0 <= pull < np.inf or (pull and not towards):
            raise ValueError(
                f"pull must be finite, at least 0, and towards something, got {pull}."
            )
        stepper = self._turn()
        towards = {k: v for k, v in towards.items() if k in stepper.trained}
        check_names("add", add, stepper.trained)
        self._correction = (add, float(pull), towards)
        self._set_correction(stepper)

    def mean_gradient(self) -> dict[str, np.ndarray]:
        """Return the mean of the gradients since :meth:`load`, before corrections.

        Returns
        -------
        dict
            Name to array, of the weights that are trained.

        Raises
        ------
        ValueError
            If :meth:`correct` was not called before the steps: until then gradients are
            not remembered.
        """
        if self._correction is None:
            raise ValueError("correct() must be called before gradients are averaged.")
        return self._turn().optimizer.mean_gradient()

    def identity(self) -> str:
        """Return what a checkpoint of this training is recognised by."""
        symmetries = sorted(self._symmetries)
        parts = [dict(self.noise), self._seed, self.config, symmetries]
        return fingerprint(*self.learn, *self.check, *parts, *self.model._depends_on())

    @property
    def _stepper(self) -> Stepper:
        return Stepper.of(self.model, self.config)

    def _turn(self) -> Stepper:
        """Return the stepper, with moments of this training."""
        stepper = self._stepper
        if stepper.owner is not self:
            stepper.owner = self
            self._begin()
            stepper.optimizer.forget_gradients()
            if self._correction is not None:
                self._set_correction(stepper)
        return stepper

    def _begin(self) -> None:
        optimizer = self._stepper.optimizer
        for moment in optimizer.moments.values():
            moment.assign(np.zeros(moment.shape, np.float32))
        optimizer.iterations.assign(0)

    def _set_correction(self, stepper) -> None:
        stepper.optimizer.make_corrections()
        if self._correction is not None:
            stepper.optimizer.set_correction(*self._correction)


def _rows(condition, rows):
    return None if condition is None else condition[rows]
