"""Variational autoencoder of complex channels with a parametrised covariance."""

from functools import partial

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.generative._untyped import keras, ops, tf
from commgen.generative.autoencoder.latent import LatentPrior, log_normal
from commgen.generative.denoising.pairs import PairsDenoisingModel
from commgen.generative.family import NetworkFamily
from commgen.generative.networks.decoder import (
    SpectrumDecoder,
    draw_coefficients,
    spectrum_loss,
)
from commgen.generative.networks.fourier import FourierScale, fourier_pairs
from commgen.generative.networks.subnets import ResidualMLP, channel_features
from commgen.generative.training import TrainingConfig
from commgen.measures.decibel import noise_variance

# The encoder sees channels with noise, so that it can serve as an estimator; a part of
# them nearly clean, from which it learns the distribution best.
_CLEAN_SHARE = 0.5
_CLEAN_SNR_DB = (25.0, 40.0)
_NOISY_SNR_DB = (-15.0, 30.0)
# ln(no) runs over about +-10; the first layer sees about +-3.
_LOG_NO_SCALE = 3.0
_LATENT_LOG_VAR = (-10.0, 4.0)


@keras.saving.register_keras_serializable("commgen")
class VariationalAutoencoder(PairsDenoisingModel):
    r"""VAE whose decoder gives mean and covariance, so that it is a source and a prior.

    .. math:: z \sim p(z), \quad h\,|\,z \sim \mathcal{CN}(\mu(z), F^\mathsf{H}
        \mathrm{diag}(c(z)) F)

    with the unitary multi-dimensional DFT F. The encoder is given noisy channels
    y = h + n and the noise variance; the loss is the negative evidence lower bound on
    p(h), which holds for any encoder, so noise only loosens it. Given the encoder's
    mean of z the channel is Gaussian, which makes an MMSE estimate of one pass
    (Baur, Fesl, Utschick, IEEE Trans. Signal Process. 72, 2024, eqs. 14-16).

    Trained with ``no``, it learns from noisy pilots alone: the bound is then on p(y),
    of which the decoder explains what the noise does not. Its error variance is not
    calibrated in that case, since no clean channel is at hand.

    Parameters
    ----------
    event_shape
        Shape of one channel.
    num_latents
        Length of z.
    num_components
        Gaussians in p(z): 1 is the usual VAE, more a Gaussian-mixture-prior VAE; see
        :class:`~commgen.generative.autoencoder.latent.LatentPrior`.
    width, depth
        Of encoder and decoder.
    num_conditions, name
        As in :class:`~commgen.generative.GenerativeModel`; a condition is known to
        p(z) alone.
    """

    learns_from_noise = True
    default_training = TrainingConfig(
        num_epochs=150, batch_size=128, learning_rate=1e-3, patience=40
    )

    def __init__(
        self,
        event_shape,
        num_latents=32,
        num_components=1,
        width=256,
        depth=2,
        num_conditions=0,
        *,
        name=None,
    ):
        super().__init__(event_shape, num_conditions, name=name)
        self.num_latents = check_int("num_latents", num_latents, low=1)
        self.num_components = check_int("num_components", num_components, low=1)
        self.width, self.depth = width, depth
        self.scale = FourierScale(self.event_shape)
        self.prior = LatentPrior(num_latents, num_components, num_conditions)
        self.decoder = SpectrumDecoder(self.event_shape, width, depth)
        self.decoder.build((None, num_latents))
        self.encoder = ResidualMLP(width, depth, 2 * num_latents)
        size = int(np.prod(self.event_shape))
        self.encoder.build((None, 3 * size + 1))
        self.built = True

    def _sums(self, h, condition, data_no=0.0):
        return self.scale.sums(h, data_no)

    def _adapt(self, total):
        self.scale.adapt_sums(total)

    def _examples(self, rng, h, condition, *, validating=False, data_no=0.0):
        clean = rng.random(len(h)) < _CLEAN_SHARE
        ranges = (_CLEAN_SNR_DB, _NOISY_SNR_DB)
        snr_db = np.where(clean, *(rng.uniform(*r, len(h)) for r in ranges))
        no = (noise_variance(snr_db)).astype(np.float32)
        amplitude = np.sqrt(no).reshape(-1, *(1,) * len(self.event_shape))
        y = h + amplitude * complex_normal(rng, h.shape)
        x = {
            "y": self.scale.encode(y),
            "no": no + np.float32(data_no),
            "data_no": np.full(len(h), data_no, np.float32),
            "draw": rng.standard_normal((len(h), self.num_latents), np.float32),
        }
        if self.num_conditions:
            x["condition"] = condition
        return x, self.scale.encode(h)

    def call(self, inputs):
        """Map what :meth:`_examples` makes to all that the loss needs."""
        mean, log_var = self._encode(inputs["y"], inputs["no"])
        z = mean + ops.exp(log_var / 2) * inputs["draw"]
        h_mean, h_log_var = self.decoder(z)
        # Data with noise of their own are channels plus that noise.
        scale = tf.convert_to_tensor(self.scale.weights[0])
        no = ops.reshape(inputs["data_no"], (-1,) + (1,) * len(self.event_shape))
        h_log_var = ops.log(ops.exp(h_log_var) + no / scale**2)
        given = self._given(inputs.get("condition"))
        divergence = log_normal(z, mean, log_var) - self.prior.log_prob(z, given)
        return {"mean": h_mean, "log_var": h_log_var, "divergence": divergence}

    def _loss(self, x, y, y_pred):
        """Return the negative evidence bound, in nats for each coefficient."""
        nats = spectrum_loss(y, y_pred["mean"], y_pred["log_var"])
        size = float(np.prod(self.event_shape))
        return ops.mean(nats + y_pred["divergence"]) / size

    def _encode(self, x, no):
        """Return mean and log-variance of z given scaled coefficients."""
        level = ops.log(no)[:, None] / _LOG_NO_SCALE
        # Noisy channels come in with about unit power at any SNR.
        x = x / ops.reshape(ops.sqrt(1 + no), (-1,) + (1,) * (len(x.shape) - 1))
        parts = [channel_features(x), level]
        mean, log_var = ops.split(self.encoder(ops.concatenate(parts, axis=1)), 2, 1)
        return mean, ops.clip(log_var, *_LATENT_LOG_VAR)

    def _given(self, condition):
        return self.conditioning(condition) if self.num_conditions else None

    def decode(self, z):
        """Return mean and log-variance of the scaled coefficients given z."""
        return self._decoder(z)

    @property
    def _decoder(self):
        """The decoder that channels are drawn with."""
        return self.decoder

    def _draw(self, rng, n, condition):
        z = self.prior.draw(n, rng, self._given(condition))
        mean, log_var = self._graph("decode")(z)
        noise = rng.standard_normal(mean.shape, np.float32)
        return self.scale.decode(draw_coefficients(mean, log_var, noise))

    def _denoise_pairs(self, y, no):
        scale = tf.convert_to_tensor(self.scale.weights[0])
        x = fourier_pairs(y) / scale[..., None]
        z, _ = self._encode(x, no)
        mean, log_var = self._decoder(z)
        no = tf.reshape(no, (-1,) + (1,) * len(self.event_shape))
        c = tf.exp(log_var)
        gain = c / (c + no / scale**2)
        x = (mean + gain[..., None] * (x - mean)) * scale[..., None]
        h_hat = fourier_pairs(x, inverse=True)
        # Of a circulant error covariance all entries have the same variance.
        axes = list(range(1, 1 + len(self.event_shape)))
        err_var = tf.reduce_mean(gain * no, axis=axes, keepdims=True)
        return h_hat, tf.broadcast_to(err_var, tf.shape(y)[:-1])

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "num_latents": self.num_latents,
            "num_components": self.num_components,
            "width": self.width,
            "depth": self.depth,
        }


FAMILIES = {
    "vae": NetworkFamily(VariationalAutoencoder),
    "gm-vae": NetworkFamily(partial(VariationalAutoencoder, num_components=32)),
}
