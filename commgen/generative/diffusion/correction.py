"""A network that corrects what a Gaussian mixture estimates."""

from abc import abstractmethod
from functools import partial

import numpy as np

from commgen._random import complex_normal
from commgen.generative._untyped import keras, ops, tf
from commgen.generative.denoising.pairs import (
    PairsDenoisingModel,
    from_pairs,
    to_pairs,
)
from commgen.generative.denoising.solver import multistep_sample, noise_levels
from commgen.generative.diffusion.classifier_free import (
    check_guidance,
    guide,
    with_flag,
)
from commgen.generative.diffusion.preconditioner import GaussianPreconditioner
from commgen.generative.mixture.gmm import GaussianMixture
from commgen.generative.mixture.model import MixtureModel
from commgen.generative.networks.fourier_denoiser import FourierDenoiser
from commgen.generative.noisy_examples import SNR_RANGE_DB
from commgen.measures.decibel import noise_variance

_VARIANCE_WEIGHT = 0.1
_CHUNK = 256


class CorrectionModel(PairsDenoisingModel):
    r"""Denoiser for all noise levels, that starts as the estimator of a mixture.

    One network learns the posterior mean of h given :math:`y = h + n` at every noise
    level :math:`N_0`, as a correction of what a Gaussian (mixture) prior estimates in
    closed form; before training it is that estimator. A second head predicts the error
    variance. A family says how noise levels are drawn in training (``_examples``) and
    how channels are drawn from the denoiser (``_draw``).

    With conditions the network takes them too, and learns to do without: they are
    hidden from a tenth of the training channels. :meth:`denoise` knows none,
    :meth:`posterior` does.

    Parameters
    ----------
    event_shape
        Shape of one channel; convolutions run along its last axis.
    network
        Layer ``(x, levels) -> (f, log_var)``, or with conditions ``(x, levels,
        condition)``, as :class:`~commgen.generative.FourierDenoiser`, the default.
    prior
        :class:`~commgen.generative.GaussianMixture` of this ``event_shape`` that has
        been fitted to the training channels; else one Gaussian with their covariance.
    num_conditions, name
        As in :class:`~commgen.generative.GenerativeModel`.
    start_snr_db
        SNR at which samples start, from channels of the mixture in noise: there the
        mixture is nearly exact, and the steps are saved that would lead there
        (truncated diffusion, Zheng et al., ICLR 2023). The higher, the more of the
        mixture's faults stay. With conditions of which the mixture knows nothing it is
        the lowest SNR there is, -30 dB.
    end_snr_db
        SNR of a sample's last pass. What is smaller than this noise is averaged over:
        higher for channels that are nearly told by their condition.
    """

    def __init__(
        self,
        event_shape,
        network=None,
        prior=None,
        num_conditions=0,
        *,
        start_snr_db=-18.0,
        end_snr_db=20.0,
        name=None,
    ):
        super().__init__(event_shape, num_conditions, name=name)
        self.network = FourierDenoiser() if network is None else network
        if not self.network.built:
            self.network.build(self._input_shapes(4))
        self.prior = GaussianMixture(event_shape, 1) if prior is None else prior
        if not isinstance(self.prior, MixtureModel):
            raise TypeError(
                f"prior must be a GaussianMixture, got {type(self.prior).__name__}."
            )
        if self.prior.event_shape != self.event_shape:
            raise ValueError(
                f"prior must have the event_shape {self.event_shape}, got "
                f"{self.prior.event_shape}."
            )
        if self.prior.num_conditions not in (0, self.num_conditions):
            raise ValueError(
                f"prior must have the {self.num_conditions} conditions of the model "
                f"or none, got {self.prior.num_conditions}."
            )
        self.prior.trainable = False
        low, high = SNR_RANGE_DB
        if not low <= start_snr_db < end_snr_db <= high:
            raise ValueError(
                f"start_snr_db must be at least {low:g} and below end_snr_db, which is "
                f"at most {high:g}, got {start_snr_db} and {end_snr_db}."
            )
        self.end_snr_db = float(end_snr_db)
        self.start_snr_db = float(start_snr_db)
        self.preconditioner = GaussianPreconditioner(int(np.prod(self.event_shape)))
        self.built = True

    def _input_shapes(self, num_parts):
        shapes = ((None, *self.event_shape, num_parts), (None, 2))
        if self.num_conditions:
            shapes += ((None, self.num_conditions + 1),)
        return shapes

    def call(self, inputs):
        """Map {"y": [b, *event, 2], "no": [b]} to {"h_hat", "err_var"}.

        With conditions there is a third input, "condition": [b, num_conditions + 1],
        from :func:`~commgen.generative.diffusion.classifier_free.with_flag`.
        """
        y, no = inputs["y"], inputs["no"]
        scale, shape = self.preconditioner, ops.shape(y)
        flat = (-1, 2 * scale.size)
        parts = ops.reshape(y, (-1, scale.size, 2))
        re, im, first_var = self.prior.estimate(parts[..., 0], parts[..., 1], no)
        first = ops.reshape(ops.stack([re, im], axis=-1), shape)
        # How sure the prior is of this channel, against the mean of all channels.
        gain = first_var / ops.mean(scale.err_var(no), axis=1)
        low, high = (noise_variance(db) for db in reversed(SNR_RANGE_DB))
        levels = ops.log(ops.stack([ops.clip(no, low, high), gain], axis=1))
        fields = [
            ops.reshape(scale.scale_in(ops.reshape(field, flat), no), shape)
            for field in (y, first)
        ]
        condition = (inputs["condition"],) if self.num_conditions else ()
        fields = ops.concatenate(fields, axis=-1)
        f, log_var = self.network((fields, levels, *condition))
        f = ops.reshape(f, flat) * ops.sqrt(gain)[:, None]
        correction = ops.reshape(scale.scale_out(f, no), shape)
        first_var = ops.reshape(first_var, (-1,) + (1,) * len(self.event_shape))
        return {"h_hat": first + correction, "err_var": first_var * ops.exp(log_var)}

    def _loss(self, x, y, y_pred):
        """Squared error in units of the LMMSE estimate's, plus the variance's loss.

        The variance's is the log-likelihood of the errors, which does not move them.
        """
        axes = tuple(range(1, 1 + len(self.event_shape)))
        error = ops.sum((y_pred["h_hat"] - y) ** 2, axis=-1)
        linear = ops.mean(self.preconditioner.err_var(x["no"]), axis=-1)
        mean_loss = ops.mean(ops.mean(error, axis=axes) / linear)
        v = y_pred["err_var"]
        likelihood = ops.mean(ops.stop_gradient(error) / v + ops.log(v), axis=axes)
        return mean_loss + _VARIANCE_WEIGHT * ops.mean(likelihood - ops.log(linear))

    def _sums(self, h, condition):
        return self.preconditioner.sums(h.reshape(len(h), -1))

    def _adapt(self, total):
        self.preconditioner.adapt_sums(total)
        if self.prior.num_components == 1:
            self.prior.adapt_sums(total)

    def _adapt_condition(self, total):
        super()._adapt_condition(total)
        if self.prior.num_conditions:
            self.prior.conditioning.adapt_sums(total)

    def _keep(self, h, condition, seed):
        super()._keep(h, condition, seed)
        if self.prior.num_components == 1:
            c = condition if self.prior.num_conditions else None
            self.prior.fit(h, c, seed=seed)

    def _with_condition(self, inputs, condition, rng=None):
        """Add conditions in their own units to ``inputs``; hide some where rng is."""
        if self.num_conditions:
            standard = np.asarray(self.conditioning(condition))
            inputs["condition"] = with_flag(standard, rng)
        return inputs

    def _depends_on(self):
        return [*super()._depends_on(), *self.prior.get_weights()]

    def _denoise_pairs(self, y, no):
        return self._estimate(
            y, no, tf.zeros((tf.shape(y)[0], self.num_conditions + 1))
        )

    def _denoise_under(self, y, no, condition):
        standard = self.conditioning(condition)
        flagged = tf.concat([standard, tf.ones_like(standard[:, :1])], axis=1)
        h_hat, err_var = self._estimate(to_pairs(y), no, flagged)
        return from_pairs(h_hat), err_var

    def _mean(self, y, no, condition):
        return from_pairs(self._estimate(to_pairs(y), no, condition)[0])

    def _estimate(self, y, no, condition):
        """Estimate under conditions with their flag; a model without looks past."""
        inputs = {"y": y, "no": no}
        if self.num_conditions:
            inputs["condition"] = condition
        out = self.call(inputs)
        return out["h_hat"], out["err_var"]

    def _guided_mean(self, condition, guidance, n):
        """Return ``denoise(x, no) -> h_hat`` on flat arrays, for n channels at a time.

        Parameters
        ----------
        condition : [n, num_conditions], float, or None
            In their own units; None for a model without conditions.
        guidance
            As :func:`~commgen.generative.diffusion.classifier_free.guide`.
        n
            Channels.
        """
        mean, free = self._graph("_mean"), np.zeros((n, self.num_conditions + 1))
        free = free.astype(np.float32)
        given = with_flag(self.conditioning(condition)) if self.num_conditions else free

        def denoise(x, no):
            x = x.astype(np.complex64).reshape(n, *self.event_shape)
            no = np.full(n, no, np.float32)
            h_hat = mean(x, no, given if guidance else free).numpy()
            if guidance not in (0, 1):
                h_hat = guide(mean(x, no, free).numpy(), h_hat, guidance)
            return h_hat.reshape(n, -1)

        return denoise

    def _sampling_levels(self, num_steps):
        """Return the standard deviations of the noise that a sample passes."""
        start_db = self.start_snr_db
        if self.num_conditions and not self.prior.num_conditions:
            start_db = SNR_RANGE_DB[0]
        high, low = (10 ** (-db / 20) for db in (start_db, self.end_snr_db))
        return noise_levels(low, high, num_steps)

    def _noisy_prior(self, rng, n, condition):
        """Return channels of the mixture in the most noise, [n, size]."""
        c = condition if self.prior.num_conditions else None
        h = self.prior.sample(n, c, seed=int(rng.integers(2**31))).reshape(n, -1)
        return h + self._sampling_levels(2)[0] * complex_normal(rng, h.shape)

    def _solve(self, x, condition, guidance, num_steps):
        """Carry :meth:`_noisy_prior` to channels, [n, size]."""
        denoise = self._guided_mean(condition, guidance, len(x))
        return multistep_sample(denoise, x, self._sampling_levels(num_steps))

    @abstractmethod
    def _draw(self, rng, n, condition, guidance=1.0) -> np.ndarray:
        """Draw n channels, at most 256, under condition [n, num_conditions] or None."""

    def sample(self, n, condition=None, *, seed, guidance=1.0):
        """As :meth:`GenerativeModel.sample`.

        Parameters
        ----------
        n, condition, seed
            As :meth:`GenerativeModel.sample`.
        guidance
            0 leaves the condition out, 1 takes it as it is, and above 1 exaggerates
            what it changes, at twice the cost: see
            :func:`~commgen.generative.diffusion.classifier_free.guide`.
        """
        guidance = check_guidance(guidance, self.num_conditions)
        return self._sample(n, condition, seed, partial(self._draw, guidance=guidance))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
            "prior": keras.saving.serialize_keras_object(self.prior),
            "start_snr_db": self.start_snr_db,
            "end_snr_db": self.end_snr_db,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Build the model from :meth:`get_config`."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("network", "prior")
        }
        return cls(**{**config, **parts})
