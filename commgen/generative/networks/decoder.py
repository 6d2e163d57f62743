"""From a latent vector to the mean and the spectrum of a channel."""

import numpy as np

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, ops
from commgen.generative.networks.subnets import ResidualMLP

# Logarithm of the least and greatest variance of a coefficient of unit mean power.
_LOG_VAR = (-9.0, 5.0)


@keras.saving.register_keras_serializable("commgen")
class SpectrumDecoder(layers.Layer):
    r"""Network that gives a channel's conditional mean and power spectrum.

    Given the latent vector, the Fourier coefficients of a channel are independent,
    :math:`x_i \sim \mathcal{CN}(\mu_i(z), c_i(z))`: the covariance of the channel is
    circulant along each axis (Baur et al., *Variational Autoencoder Leveraged MMSE
    Channel Estimation*, Asilomar 2022, sec. III). The mean carries what has no random
    phase given z, such as a line of sight.

    Parameters
    ----------
    event_shape
        Shape of one channel.
    width, depth
        As in :class:`~commgen.generative.networks.subnets.ResidualMLP`.

    Input
    -----
    z : [batch, num_latents], float
        Latent vector, a condition behind it where there is one.

    Output
    ------
    mean : [batch, *event_shape, 2], float
        Scaled coefficients, real and imaginary part.
    log_var : [batch, *event_shape], float
        Logarithm of the variances c, between -9 and 5.
    """

    def __init__(self, event_shape, width=256, depth=2, **kwargs):
        super().__init__(**kwargs)
        self.event_shape = tuple(
            check_int("event_shape", n, low=1) for n in event_shape
        )
        self.width, self.depth = width, depth
        self._size = int(np.prod(self.event_shape))
        self.network = ResidualMLP(width, depth, 3 * self._size)

    def build(self, input_shape):
        """Build for inputs [batch, num_latents]."""
        self.network.build(input_shape)

    def call(self, z):
        """Return mean and log_var."""
        out = self.network(z)
        mean, raw = ops.split(out, [2 * self._size], axis=-1)
        low, high = _LOG_VAR
        # Of slope one about, and zero where the network gives zero.
        bent = ops.sigmoid(4 * raw / (high - low) + float(np.log(-low / high)))
        log_var = low + (high - low) * bent
        return (
            ops.reshape(mean, (-1, *self.event_shape, 2)),
            ops.reshape(log_var, (-1, *self.event_shape)),
        )

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "event_shape": list(self.event_shape),
            "width": self.width,
            "depth": self.depth,
        }


def spectrum_loss(x, mean, log_var):
    """Return the negative log-density of coefficients under a decoder's output.

    Parameters
    ----------
    x, mean : [batch, *event_shape, 2], float
        Coefficients, and their conditional mean.
    log_var : [batch, *event_shape], float
        Logarithm of their conditional variances.

    Returns
    -------
    [batch], float
        In nats, of complex coefficients.
    """
    distance = ops.sum((x - mean) ** 2, axis=-1) * ops.exp(-log_var)
    nats = distance + log_var + float(np.log(np.pi))
    return ops.sum(ops.reshape(nats, (-1, int(np.prod(log_var.shape[1:])))), axis=1)


def draw_coefficients(mean, log_var, noise):
    """Draw coefficients given a decoder's output.

    Parameters
    ----------
    mean : [batch, *event_shape, 2], float
    log_var : [batch, *event_shape], float
    noise : [batch, *event_shape, 2], float
        Standard normal.

    Returns
    -------
    [batch, *event_shape, 2], float
    """
    return mean + ops.exp(log_var / 2)[..., None] * noise * 0.5**0.5
