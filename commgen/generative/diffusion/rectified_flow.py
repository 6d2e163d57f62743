"""Rectified flow: channels from noise in one to four steps."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen._progress import progress_bar
from commgen.generative._untyped import keras, tf
from commgen.generative.denoising.solver import MOST_STEPS
from commgen.generative.diffusion.classifier_free import with_flag
from commgen.generative.diffusion.correction import CorrectionModel
from commgen.generative.diffusion.reflow import Pairs, StraightPaths
from commgen.generative.family import NetworkFamily
from commgen.generative.model import check_condition
from commgen.generative.network import without_names
from commgen.generative.networks.fourier_denoiser import FourierDenoiser
from commgen.generative.noisy_examples import flow_batch
from commgen.generative.training import Batches, TrainingConfig, fingerprint, train

_CHUNK = 256
_LEAST_PAIRS = 20
# By name: pairs for each training channel, and epochs of the later stages.
_PAIRS, _REFLOW_EPOCHS, _DISTIL_EPOCHS = 2.5, 6, 14


@keras.saving.register_keras_serializable("commgen")
class RectifiedFlow(CorrectionModel):
    r"""Flow along the straight lines :math:`h_t = (1-t)\,n + t\,h`, straightened.

    Trained in three stages, of which each is better at few steps than the one before:

    1. :meth:`fit`: the velocity of Lipman et al. (arXiv:2210.02747, eq. 23) at uniform
       t. Since :math:`h_t / t` is a channel in white noise of variance
       :math:`((1-t)/t)^2`, the velocity is that of an estimate of h
       (:class:`~commgen.generative.diffusion.correction.CorrectionModel`), and this is
       an MMSE estimator too. Its paths are curved: sampling takes ``num_flow_steps``
       passes.
    2. :meth:`reflow`: a second network, without a mixture inside, learns the straight
       lines between starts and ends of those paths (Liu et al., arXiv:2209.03003,
       sec. 2.1). Sampling takes ``num_steps`` passes of it.
    3. :meth:`distil`: that network learns the ends from the points alone where steps
       begin, of one step from the starts (sec. 2.3 there).

    ``denoise`` and ``posterior`` always use the first network.

    Parameters
    ----------
    event_shape, network, prior
        As :class:`~commgen.generative.diffusion.correction.CorrectionModel`.
    num_steps
        Euler steps of a sample after :meth:`reflow`.
    num_conditions
        As in :class:`~commgen.generative.GenerativeModel`.
    straight
        Network of :meth:`reflow`, as ``network`` but for one field and without
        variance; a :class:`~commgen.generative.FourierDenoiser` where None.
    num_flow_steps
        Passes of a sample before :meth:`reflow`, at least 2.
    start_snr_db, end_snr_db, name
        As :class:`~commgen.generative.diffusion.correction.CorrectionModel`.

    Examples
    --------
    >>> flow = RectifiedFlow((8,), FourierDenoiser(8, 1), straight=FourierDenoiser(
    ...     8, 1, variance=False))
    >>> flow.sample(3, seed=1).shape
    (3, 8)
    """

    def __init__(
        self,
        event_shape,
        network=None,
        prior=None,
        num_steps=4,
        num_conditions=0,
        *,
        straight=None,
        num_flow_steps=12,
        start_snr_db=-15.0,
        end_snr_db=20.0,
        name=None,
    ):
        super().__init__(
            event_shape,
            network,
            prior,
            num_conditions,
            start_snr_db=start_snr_db,
            end_snr_db=end_snr_db,
            name=name,
        )
        self.num_steps = check_int("num_steps", num_steps, low=1, high=MOST_STEPS)
        self.num_flow_steps = check_int(
            "num_flow_steps", num_flow_steps, low=2, high=MOST_STEPS
        )
        if straight is None:
            straight = FourierDenoiser(variance=False)
        self.straight = StraightPaths(self.event_shape, straight, self._input_shapes(2))
        self.straight.trainable = False
        self._is_straight = self.add_weight(
            shape=(), initializer="zeros", name="is_straight", trainable=False
        )

    def _adapt(self, total):
        super()._adapt(total)
        # Paths that were straightened before are those of another flow.
        self._is_straight.assign(0.0)

    def _examples(self, rng, h, condition, *, validating=False):
        inputs, target = flow_batch(rng, h)
        return self._with_condition(
            inputs, condition, None if validating else rng
        ), target

    @property
    def _mixture(self):
        return self.prior

    def draw_pairs(self, n, condition=None, *, seed, progress=False) -> Pairs:
        """Draw starts and where the flow carries them, for :meth:`reflow`.

        Parameters
        ----------
        n
            Pairs, at least 20; several times as many as training channels.
        condition : [n, num_conditions] or [num_conditions], float, or None
            As in :meth:`GenerativeModel.sample`.
        seed
            Non-negative integer.
        progress
            Show a progress bar.
        """
        check_int("n", n, low=_LEAST_PAIRS)
        condition = check_condition(condition, n, self.num_conditions)
        if condition is None and self.num_conditions:
            condition = self.conditioning.draw(n, np.random.default_rng([seed, n, 1]))
        start, end = np.empty((2, n, *self.event_shape), np.complex64)
        with progress_bar("drawing pairs", n, enabled=progress) as advance:
            for i in range(0, n, _CHUNK):
                rows = slice(i, min(i + _CHUNK, n))
                rng = np.random.default_rng([seed, 3, i])
                c = None if condition is None else condition[rows]
                x = self._noisy_prior(rng, rows.stop - i, c)
                h = self._solve(x, c, 1.0, self.num_flow_steps)
                start[rows] = self._start(x)
                end[rows] = h.reshape(-1, *self.event_shape)
                advance(rows.stop - i)
        if condition is not None:
            condition = with_flag(self.conditioning(condition))
        return Pairs(start, end, condition)

    def _start(self, x):
        """Turn channels in noise, [n, size], to points h_t, [n, *event_shape]."""
        return (x / (1 + self._sampling_levels(2)[0])).reshape(-1, *self.event_shape)

    def reflow(
        self,
        pairs: Pairs,
        *,
        seed,
        training: TrainingConfig | None = None,
        symmetries=("phase",),
        folder: Path | None = None,
        progress=False,
    ):
        """Learn straight paths between the starts and ends of this flow.

        Parameters
        ----------
        pairs
            From :meth:`draw_pairs`; every tenth chooses the best epoch.
        seed, training, symmetries, folder, progress
            As in :meth:`fit`, whose ``folder`` this may share.

        Returns
        -------
        RectifiedFlow
            This model, which now samples in ``num_steps`` passes.

        Raises
        ------
        ValueError
            If the pairs are of another shape, or as :meth:`fit`.
        """
        options: dict[str, Any] = {"symmetries": symmetries}
        return self._straighten(pairs, seed, training, options, folder, progress)

    def distil(
        self,
        pairs: Pairs,
        *,
        seed,
        num_steps=1,
        training: TrainingConfig | None = None,
        symmetries=("phase",),
        folder: Path | None = None,
        progress=False,
    ):
        """Learn the ends of the paths from the points where ``num_steps`` begin.

        Parameters
        ----------
        pairs, seed, training, symmetries, folder, progress
            As in :meth:`reflow`, which comes first.
        num_steps
            Euler steps that the model samples in from now on.

        Returns
        -------
        RectifiedFlow
            This model.
        """
        num_steps = check_int("num_steps", num_steps, low=1)
        options = {"symmetries": symmetries, "num_steps": num_steps}
        return self._straighten(pairs, seed, training, options, folder, progress)

    def _straighten(self, pairs, seed, training, options, folder, progress):
        if pairs.start.shape[1:] != self.event_shape or len(pairs.start) < _LEAST_PAIRS:
            raise ValueError(
                f"pairs must be at least {_LEAST_PAIRS} of shape {self.event_shape}, "
                f"got {pairs.start.shape}."
            )
        training = training or self.default_training
        model, batches, checks = self._lines(pairs, seed, training, options)
        model.trainable = True
        model.adapt(pairs)
        model.compile(training.optimizer(len(batches)), jit_compile=False)
        config = without_names(model.network.get_config())
        parts: list[Any] = [pairs.start, pairs.end]
        if pairs.condition is not None:
            parts.append(pairs.condition)
        parts += [seed, training, sorted(options.items())]
        stage = "distil" if "num_steps" in options else "reflow"
        try:
            train(
                model,
                batches,
                checks,
                training,
                folder=None if folder is None else Path(folder) / stage,
                description=f"training {type(self).__name__}, {stage}",
                progress=progress,
                identity=fingerprint(*parts, config),
            )
        finally:
            model.trainable = False
        self.num_steps = options.get("num_steps", self.num_steps)
        model.match_power(pairs[::10], self.num_steps, self.preconditioner.power)
        self._is_straight.assign(1.0)
        # What was compiled may have another number of steps.
        self.__dict__.pop("_graphs", None)
        return self

    def _lines(self, pairs, seed, training, options):
        """Return the network of the lines, and batches to learn and to check by."""
        model, rows = self.straight, np.arange(len(pairs.start))
        learn, check = rows[rows % 10 != 0], rows[rows % 10 == 0]
        held = {**options, "symmetries": ()}
        batches = Batches(
            lambda rng, i: model.examples(rng, pairs, learn[i], **options),
            len(learn),
            training.batch_size,
            seed=seed,
        )
        checks = Batches(
            lambda rng, i: model.examples(rng, pairs, check[i], **held),
            len(check),
            512,
            seed=seed + 1,
            epoch=None,
        )
        return model, batches, checks

    def carry(self, noise, condition=None):
        """Follow the straight paths from white noise; differentiable, in graphs too.

        Parameters
        ----------
        noise : [batch, *event_shape, 2], tf.float32
            Real and imaginary part last, each of unit variance. Where paths start at
            a low SNR, as those of a model with conditions do, it stands for the
            starts; elsewhere they hold channels of the mixture, and :meth:`sample`
            draws them.
        condition : [batch, num_conditions], tf.float32, or None
            In their own units.

        Returns
        -------
        [batch, *event_shape, 2], tf.float32
            Channels.
        """
        flagged = None
        if self.num_conditions:
            standard = self.conditioning(condition)
            flagged = tf.concat([standard, tf.ones_like(standard[:, :1])], axis=1)
        return self._carry(noise * self.straight.start_scale, flagged)

    def _carry(self, z, condition):
        return self.straight.carry(z, condition, self.num_steps)

    def _draw(self, rng, n, condition, guidance=1.0):
        x = self._noisy_prior(rng, n, condition)
        if guidance != 1 or not float(self._is_straight):
            h = self._solve(x, condition, guidance, self.num_flow_steps)
            return h.reshape(n, *self.event_shape)
        z = self._start(x)
        flagged = None
        if self.num_conditions:
            flagged = tf.constant(with_flag(self.conditioning(condition)))
        parts = np.stack([z.real, z.imag], axis=-1).astype(np.float32)
        h = self._graph("_carry")(tf.constant(parts), flagged).numpy()
        return h[..., 0] + 1j * h[..., 1]

    def get_config(self):
        """Return the arguments of the constructor."""
        network = keras.saving.serialize_keras_object(self.straight.network)
        return {
            **super().get_config(),
            "num_steps": self.num_steps,
            "straight": network,
            "num_flow_steps": self.num_flow_steps,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Build the model from :meth:`get_config`."""
        straight = keras.saving.deserialize_keras_object(config["straight"])
        return super().from_config({**config, "straight": straight})


def _reflow_and_distil(
    model, num_channels, num_epochs, *, seed, progress, **options
) -> None:
    """Learn straight paths, and to follow them in one step."""
    num_pairs = max(_LEAST_PAIRS, round(_PAIRS * num_channels))
    pairs = model.draw_pairs(num_pairs, seed=seed + 1, progress=progress)
    for step, epochs in (
        (model.reflow, _REFLOW_EPOCHS),
        (model.distil, _DISTIL_EPOCHS),
    ):
        training = model.default_training.model_copy(
            update={"num_epochs": min(epochs, num_epochs or epochs)}
        )
        step(pairs, seed=seed, training=training, progress=progress, **options)


FAMILIES = {
    "rectified-flow": NetworkFamily(
        RectifiedFlow, 24, corrects_mixture=True, finish=_reflow_and_distil
    )
}
