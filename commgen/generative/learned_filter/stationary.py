"""Channels of a line of antennas, whose covariance a network tells."""

from commgen.generative._untyped import keras, ops, tf
from commgen.generative.family import NetworkFamily
from commgen.generative.learned_filter.base import FilteringDenoiser, parts
from commgen.generative.learned_filter.line_filter import LineFilter
from commgen.generative.learned_filter.line_network import LineNetwork
from commgen.generative.learned_filter.toeplitz_filter import real_coordinates
from commgen.generative.networks.subnets import real_matrix
from commgen.generative.training import TrainingConfig

_POINTS = 2  # of a spectrum, for each antenna
_VARIANCE_WEIGHT = 0.1
_EARLY_WEIGHT = 0.3
_LOG_RANGE = (-16.0, 16.0)


@keras.saving.register_keras_serializable("commgen")
class StationaryDenoiser(FilteringDenoiser):
    r"""One-pass estimator for a linear array: a learned spectrum, filtered exactly.

    A network reads a spectral density s from the noisy channel. It makes a Toeplitz
    covariance, that of an LMMSE filter through which the network is trained to the
    least error,

    .. math:: \hat h = R\,(R + N_0 I)^{-1} y, \qquad
              R = \sum_k s_k(y)\, a(u_k)\, a(u_k)^\mathsf{H} / G.

    That is the structure of Neumann, Wiese and Utschick, *Learning the MMSE Channel
    Estimator*, IEEE Trans. Signal Process. 66 (2018), with the filter itself in place
    of its circulant approximation, and a second look at what the first filter found.
    The channel's phase does not change the spectrum, and mirroring the array mirrors
    it only. For arrays at both ends see
    :class:`~commgen.generative.SeparableDenoiser`.

    Parameters
    ----------
    event_shape
        One axis: the antennas.
    network
        :class:`~commgen.generative.learned_filter.line_network.LineNetwork`, the
        default, or a layer that is called as it is.
    num_steps
        Passes of the sampler, at least 2.
    name
        As in :class:`~commgen.generative.GenerativeModel`.

    Raises
    ------
    ValueError
        If ``event_shape`` has more than one axis.
    """

    default_training = TrainingConfig(num_epochs=50, batch_size=256, learning_rate=3e-3)

    def __init__(self, event_shape, network=None, num_steps=16, *, name=None):
        network = LineNetwork() if network is None else network
        super().__init__(event_shape, network, num_steps, name=name)
        if len(self.event_shape) != 1:
            raise ValueError(f"event_shape must have one axis, got {self.event_shape}.")
        (size,) = self.event_shape
        if not self.network.built:
            self.network.build((None, _POINTS * size))
        self._check_bins(_POINTS * size)
        self._filter = LineFilter(size, _POINTS * size)
        self._basis = ops.convert_to_tensor(
            real_matrix(real_coordinates(size).conj()), "float32"
        )
        self.built = True

    def call(self, inputs):
        """Map {"y": [b, n, 2], "no": [b]} to {"h_hat", "err_var", "early"}.

        "early" holds the estimates of the stages before the last, [b, n, 2] each.
        """
        y, no = inputs["y"], inputs["no"]
        x, scale, spectra, log_var = self._spectra(y, no)
        *early, h_hat = (
            self._leave(self._filter.estimate(x, s)) * scale for s in spectra
        )
        variance = self._filter.variance(ops.stop_gradient(spectra[-1]))
        return {
            "h_hat": h_hat,
            "err_var": variance * (no * ops.exp(log_var))[:, None],
            "early": early,
        }

    def _spectra(self, y, no):
        """Return y in real coordinates and units of the noise, and what explains it."""
        scale = ops.reshape(ops.sqrt(no), (-1, 1, 1))
        x = self._enter(y / scale)

        def estimate(log_spectrum):
            h_hat = self._filter.estimate(x, _exp(log_spectrum))
            parts = (h_hat, x - h_hat)
            return tuple(self._filter.periodogram(part) for part in parts)

        log_spectra, log_var = self.network(
            self._filter.periodogram(x), ops.log(no), estimate=estimate
        )
        return x, scale, [_exp(s) for s in log_spectra], log_var

    def _enter(self, y):
        shape = ops.shape(y)
        return ops.reshape(ops.reshape(y, (shape[0], -1)) @ self._basis, shape)

    def _leave(self, x):
        shape, inverse = ops.shape(x), ops.transpose(self._basis)
        return ops.reshape(ops.reshape(x, (shape[0], -1)) @ inverse, shape)

    def _loss(self, x, y, y_pred):
        """Squared error over that of a white prior, plus the variance's likelihood."""
        white = x["no"] / (1 + x["no"])
        error = ops.sum((y_pred["h_hat"] - y) ** 2, axis=-1)
        loss = ops.mean(ops.mean(error, axis=1) / white)
        for h_hat in y_pred["early"]:
            early = ops.mean(ops.sum((h_hat - y) ** 2, axis=-1), axis=1)
            loss = loss + _EARLY_WEIGHT * ops.mean(early / white)
        v = y_pred["err_var"]
        likelihood = ops.mean(ops.stop_gradient(error) / v + ops.log(v), axis=1)
        return loss + _VARIANCE_WEIGHT * ops.mean(likelihood - ops.log(white))

    @property
    def _noise_shape(self):
        return ((1 + _POINTS) * self.event_shape[0],)

    def _deviation_of(self, y, no, noise):
        _, scale, spectra, log_var = self._spectra(parts(y), no)
        spread = ops.exp((log_var + self.calibration(no)) / 2)[:, None, None]
        x = (
            self._leave(self._filter.deviation(parts(noise), spectra[-1]))
            * scale
            * spread
        )
        return tf.complex(x[..., 0], x[..., 1])


def _exp(log_spectrum):
    return ops.exp(ops.clip(log_spectrum, *_LOG_RANGE))


FAMILIES = {"stationary": NetworkFamily(StationaryDenoiser, takes_conditions=False)}
