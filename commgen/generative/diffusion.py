"""Diffusion model of complex channels: prior, sampler and one-pass estimator."""

from functools import partial
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.generative._untyped import keras, ops, tf
from commgen.generative.calibration import SNR_GRID_DB, SnrTable
from commgen.generative.denoiser import FourierDenoiser
from commgen.generative.flat import FlatDenoiser
from commgen.generative.gmm import GaussianMixture
from commgen.generative.guided import guided_samples, heun_sample, noise_levels
from commgen.generative.model import (
    GenerativeModel,
    Posterior,
    check_channels,
    check_condition,
    check_observation,
)
from commgen.generative.noising import (
    SNR_RANGE_DB,
    SYMMETRIES,
    augment,
    noisy_batch,
)
from commgen.generative.preconditioner import GaussianPreconditioner
from commgen.generative.training import Batches, TrainingConfig, fingerprint, train

_VARIANCE_WEIGHT = 0.1
_CHUNK = 256
# Noise levels of a posterior sample against those of a channel: with fewer, samples
# spread less than they should.
_GUIDED_STEPS = 2


@keras.saving.register_keras_serializable("commgen")
class Diffusion(GenerativeModel):
    r"""Variance-exploding diffusion model with a calibrated error variance.

    One network learns the posterior mean of h given :math:`y = h + n` at every noise
    level :math:`N_0`, as a correction of what a Gaussian (mixture) prior estimates in
    closed form; before training it is that estimator. So it is an MMSE estimator in
    one pass, and a sampler in many (Karras et al., NeurIPS 2022, algorithm 1).
    A second head predicts the error variance; it is scaled, noise level by noise level,
    to the error measured on validation channels.

    Parameters
    ----------
    event_shape
        Shape of one channel; convolutions run along its last axis.
    network
        Layer ``(x, levels) -> (f, log_var)``, as
        :class:`~commgen.generative.FourierDenoiser`, which is the default.
    prior
        :class:`~commgen.generative.GaussianMixture` of this ``event_shape`` that has
        been fitted to the training channels; else one Gaussian with their covariance.
    num_steps
        Noise levels of the sampler.
    name
        As in :class:`keras.Model`.
    """

    def __init__(
        self, event_shape, network=None, prior=None, num_steps=24, *, name=None
    ):
        super().__init__(event_shape, name=name)
        self.num_steps = check_int("num_steps", num_steps, low=2)
        self.network = FourierDenoiser() if network is None else network
        if not self.network.built:
            self.network.build(((None, *self.event_shape, 4), (None, 2)))
        self.prior = GaussianMixture(event_shape, 1) if prior is None else prior
        if self.prior.event_shape != self.event_shape:
            raise ValueError(
                f"prior must have the event_shape {self.event_shape}, got "
                f"{self.prior.event_shape}."
            )
        self.prior.trainable = False
        self.preconditioner = GaussianPreconditioner(int(np.prod(self.event_shape)))
        self.calibration = SnrTable()
        self.built = True

    def call(self, inputs):
        """Map {"y": [b, *event, 2], "no": [b]} to {"h_hat", "err_var"}."""
        y, no = inputs["y"], inputs["no"]
        scale, shape = self.preconditioner, ops.shape(y)
        flat = (-1, 2 * scale.size)
        parts = ops.reshape(y, (-1, scale.size, 2))
        re, im, first_var = self.prior.estimate(parts[..., 0], parts[..., 1], no)
        first = ops.reshape(ops.stack([re, im], axis=-1), shape)
        # How sure the prior is of this channel, against the mean of all channels.
        gain = first_var / ops.mean(scale.err_var(no), axis=1)
        low, high = (10 ** (-db / 10) for db in reversed(SNR_RANGE_DB))
        levels = ops.log(ops.stack([ops.clip(no, low, high), gain], axis=1))
        fields = [
            ops.reshape(scale.scale_in(ops.reshape(field, flat), no), shape)
            for field in (y, first)
        ]
        f, log_var = self.network((ops.concatenate(fields, axis=-1), levels))
        f = ops.reshape(f, flat) * ops.sqrt(gain)[:, None]
        correction = ops.reshape(scale.scale_out(f, no), shape)
        first_var = ops.reshape(first_var, (-1,) + (1,) * len(self.event_shape))
        return {"h_hat": first + correction, "err_var": first_var * ops.exp(log_var)}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight=None,
        training=True,
    ):
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

    def fit(
        self,
        data,
        condition=None,
        *,
        seed,
        validation=None,
        training=None,
        symmetries=("phase",),
        folder=None,
        progress=False,
    ):
        """Train on noisy copies of channels, at all noise levels at once.

        Parameters
        ----------
        data : [n, *event_shape], complex
            Channels of about unit mean power.
        condition
            None: the model is unconditional.
        seed
            Seed of noise, order and augmentation; initial weights follow
            :func:`keras.utils.set_random_seed`.
        validation : [m, *event_shape], complex, or None
            Channels to choose the best epoch and the scale of ``err_var`` by; every
            tenth of ``data`` where None.
        training : TrainingConfig, optional
            Length and rate.
        symmetries
            Changes that leave the distribution as it is: ``"phase"`` turns the whole
            channel; ``"reversal"`` conjugates and reverses the last axis, as holds for
            a uniform linear array and for uncorrelated delays.
        folder
            Where the checkpoint and TensorBoard's logs go; a training that was cut off
            goes on from there.
        progress
            Show a progress bar.

        Returns
        -------
        Diffusion
            This model.

        Raises
        ------
        ValueError
            If the channels are not as
            :func:`~commgen.generative.model.check_channels` asks, a symmetry is
            unknown, there are fewer than 20 channels, the loss diverges, or ``folder``
            holds the checkpoint of another training.
        """
        check_condition(condition)
        training = training or TrainingConfig()
        unknown = set(symmetries) - set(SYMMETRIES)
        if unknown:
            raise ValueError(
                f"symmetries must be of {SYMMETRIES}, got {sorted(unknown)}."
            )
        h = check_channels("data", data, self.event_shape)
        if len(h) < 20:
            raise ValueError(f"data must hold at least 20 channels, got {len(h)}.")
        if validation is None:
            held_out = np.arange(len(h)) % 10 == 0
            h, validation = h[~held_out], h[held_out]
        validation = check_channels("validation", validation, self.event_shape)

        def make(rng, rows):
            return noisy_batch(rng, augment(rng, h[rows], symmetries))

        def make_validation(rng, rows):
            return noisy_batch(rng, validation[rows], share=1.0)

        self.preconditioner.adapt(h.reshape(len(h), -1))
        if self.prior.num_components == 1:
            self.prior.fit(h, seed=seed)
        batches = Batches(make, len(h), training.batch_size, seed=seed)
        checks = Batches(
            make_validation, len(validation), 512, seed=seed + 1, epoch=None
        )
        keras.Model.compile(self, training.optimizer(len(batches)), jit_compile=False)
        train(
            self,
            batches,
            checks,
            training,
            folder=folder,
            description="training diffusion",
            progress=progress,
            identity=fingerprint(
                h,
                validation,
                seed,
                training,
                sorted(symmetries),
                # A layer's name counts the layers that were made before it.
                {**self.network.get_config(), "name": None},
                *self.prior.get_weights(),
            ),
        )
        self._calibrate(validation, seed)
        return self

    def _calibrate(self, h, seed):
        """Scale the error variance to the mean error on ``h`` at each noise level."""
        self.calibration.table.assign(np.zeros(len(SNR_GRID_DB)))
        h = h.reshape(len(h), -1)
        scale = []
        for i, snr_db in enumerate(SNR_GRID_DB):
            rng = np.random.default_rng([seed, 2, i])
            no = 10 ** (-snr_db / 10)
            y = h + np.sqrt(no) * complex_normal(rng, h.shape)
            h_hat, err_var = self._flat.denoise(y, no)
            error = np.abs(h_hat - h) ** 2
            scale.append(np.log(error.mean() / err_var.mean()))
        self.calibration.table.assign(scale)

    def denoise(self, y, no):
        """As :meth:`GenerativeModel.denoise`: one pass of the network."""
        y = tf.cast(y, tf.complex64)
        no = tf.broadcast_to(tf.cast(no, tf.float32), tf.shape(y)[:1])
        parts = tf.stack([tf.math.real(y), tf.math.imag(y)], axis=-1)
        out = self.call({"y": parts, "no": no})
        h_hat = tf.complex(out["h_hat"][..., 0], out["h_hat"][..., 1])
        scale = self.calibration(no)
        scale = tf.reshape(scale, (-1,) + (1,) * len(self.event_shape))
        return h_hat, out["err_var"] * tf.exp(scale)

    @property
    def _flat(self):
        """:class:`FlatDenoiser` : made once, so that it is traced once."""
        if getattr(self, "_flat_denoiser", None) is None:
            self._flat_denoiser = FlatDenoiser(self)
        return self._flat_denoiser

    def _levels(self, num_steps):
        low, high = (10 ** (-db / 20) for db in reversed(SNR_RANGE_DB))
        return noise_levels(low, high, num_steps)

    def sample(self, n, condition=None, *, seed):
        """As :meth:`GenerativeModel.sample`, in ``2 num_steps - 1`` passes."""
        check_condition(condition)
        check_int("n", n, low=1)
        levels = self._levels(self.num_steps)
        size = int(np.prod(self.event_shape))
        h = np.empty((n, size), np.complex64)
        for i in range(0, n, _CHUNK):
            rng = np.random.default_rng([seed, i])
            noise = complex_normal(rng, (min(_CHUNK, n - i), size))
            h[i : i + _CHUNK] = heun_sample(self._flat.denoise, noise, levels)
        return h.reshape(n, *self.event_shape)

    def posterior(self, y, A=None, noise_cov: Any = 1.0, *, num_samples=16, seed=0):
        """Infer channels from y = A h + n.

        Where A and the noise amount to y = h + n with white noise, one pass of the
        network gives mean and variance, and there are no samples. Else the posterior
        is sampled (see :func:`~commgen.generative.guided.guided_samples`): mean and
        variance are those of the samples, and approximate.

        Parameters
        ----------
        y, A, noise_cov
            As :func:`~commgen.generative.model.check_observation`.
        num_samples
            Samples for each observation, at least 2.
        seed
            Seed of the samples.

        Returns
        -------
        Posterior
            With samples where A is not orthonormal or the noise is not white.

        Raises
        ------
        ValueError
            If the observation is invalid, or the SNR outside ``SNR_RANGE_DB`` where
            one pass gives the answer.
        """
        y, A, no, cov = check_observation(y, A, noise_cov, self.event_shape)
        check_int("num_samples", num_samples, low=2)
        shape = (len(y), *self.event_shape)
        direct = None if no is None else _as_direct(y, A, no)
        if direct is not None:
            _check_snr(direct[1])
            h_hat, err_var = self._flat.denoise(*direct)
            return Posterior(h_hat.reshape(shape), err_var.reshape(shape))
        A = np.eye(y.shape[1]) if A is None else A
        if cov is not None:
            L = np.linalg.cholesky(cov)
            y, A = np.linalg.solve(L, y.T).T, np.linalg.solve(L, A)
            groups = [(np.arange(len(y)), A, 1.0)]
        else:
            groups = [
                (np.flatnonzero(no == n), A / np.sqrt(n), 1 / np.sqrt(n))
                for n in np.unique(np.asarray(no))
            ]
        samples = np.empty((num_samples, len(y), A.shape[1]), np.complex64)
        rng = np.random.default_rng(seed)
        for rows, A_white, scale in groups:
            stacked = np.tile(y[rows] * scale, (num_samples, 1))
            drawn = guided_samples(
                self._flat.pull,
                stacked,
                A_white,
                partial(complex_normal, rng, (len(stacked), A.shape[1])),
                self._levels(_GUIDED_STEPS * self.num_steps),
            )
            samples[:, rows] = drawn.reshape(num_samples, len(rows), -1)
        err_var = samples.var(axis=0, ddof=1).reshape(shape)
        # The mean of S samples misses the posterior mean by 1/S of the variance.
        err_var = err_var * (1 + 1 / num_samples)
        return Posterior(
            samples.mean(axis=0).reshape(shape),
            err_var.astype(np.float32),
            samples.reshape(num_samples, *shape),
        )

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
            "prior": keras.saving.serialize_keras_object(self.prior),
            "num_steps": self.num_steps,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Build the model from :meth:`get_config`."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("network", "prior")
        }
        return cls(**{**config, **parts})


def _as_direct(y, A, no):
    """Reduce to y' = h + n' with white n' if A^H A is a multiple of I, else None."""
    if A is None:
        return y, no
    gram = A.conj().T @ A
    scale = np.trace(gram).real / len(gram)
    if scale <= 0 or not np.allclose(gram / scale, np.eye(len(gram)), atol=1e-9):
        return None
    return y @ A.conj() / scale, no / scale


def _check_snr(no):
    snr_db = -10 * np.log10(no)
    low, high = SNR_RANGE_DB
    rounding = 1e-3  # a noise variance that was float32 once
    if snr_db.min() < low - rounding or snr_db.max() > high + rounding:
        raise ValueError(
            f"noise_cov must lie within the trained SNR of {low:g} to {high:g} dB, "
            f"got {snr_db.min():.1f} to {snr_db.max():.1f} dB."
        )
