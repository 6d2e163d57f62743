"""Channels of a few paths with Laplacian angular spectra, and their covariances."""

import numpy as np
import tensorflow as tf
from scipy.special import jv

from commgen._checks import check_int, check_positive
from commgen.channels.source import ChannelSource
from commgen.channels.spatial_model_config import SpatialConfig

# White noise that a covariance takes on before it is factorised, relative to its
# diagonal: far away from the paths its eigenvalues are lost in rounding.
_JITTER = 1e-10
# A Bessel function of order m > x + _TAIL x^(1/3) + 20 is below 1e-16.
_TAIL = 5.0


class LaplaceSpectrum:
    r"""Covariance of a line of antennas under Laplacian angular power densities.

    A path of angle :math:`\varphi` has the density :math:`\propto
    \exp(-\sqrt 2\,|\theta - \varphi| / \sigma)` on a full circle around it. With
    antennas d wavelengths apart

    .. math:: \mathrm{E}[h_k h_0^*] = \sum_i w_i\,
        \mathrm{E}\bigl[e^{j 2\pi d k \sin\theta}\bigr]
        = \sum_i w_i \sum_m J_m(2\pi d k)\,c_m\,e^{j m \varphi_i}

    by the Jacobi-Anger expansion (DLMF 10.12.1), where, with :math:`b = \sigma /
    \sqrt 2`, :math:`c_m = \frac{1 - (-1)^m e^{-\pi/b}}{(1 - e^{-\pi/b})(1 + b^2 m^2)}`
    is the mean of :math:`e^{j m (\theta - \varphi)}`.

    Parameters
    ----------
    num_antennas
        In the line, at least 1.
    spread_deg
        Standard deviation :math:`\sigma` of a Laplacian density [degree].
    spacing
        Wavelengths d between two antennas.

    Raises
    ------
    ValueError
        If a number is not positive.
    """

    def __init__(self, num_antennas: int, spread_deg: float, spacing: float = 0.5):
        check_int("num_antennas", num_antennas, low=1)
        b = np.radians(check_positive("spread_deg", spread_deg)) / np.sqrt(2)
        x = 2 * np.pi * check_positive("spacing", spacing) * np.arange(num_antennas)
        last = int(np.ceil(x[-1] + _TAIL * np.cbrt(x[-1]) + 20))
        m = np.arange(-last, last + 1)
        rest = np.exp(-np.pi / b)
        c = (1 - (-1.0) ** m * rest) / ((1 - rest) * (1 + (b * m) ** 2))
        self._orders = tf.constant(m[last:], tf.float64)
        bessel = jv(m[last:, None], x) * c[last:, None]
        # J_{-m} = (-1)^m J_m: even orders give cosines, odd ones sines.
        bessel[1:] *= 2
        even = (m[last:] % 2 == 0)[:, None]
        self._even = tf.constant(np.where(even, bessel, 0))
        self._odd = tf.constant(np.where(even, 0, bessel))

    def column(self, angle: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        """Return the first column of the covariance, Toeplitz and Hermitian.

        Parameters
        ----------
        angle : [batch, num_paths], float
            From broadside [radian].
        weight : [batch, num_paths], float
            Power of each path.

        Returns
        -------
        [batch, num_antennas], complex128
            ``scipy.linalg.toeplitz(column, column.conj())`` is the covariance; entry 0
            is the sum of the weights.
        """
        angle, weight = (tf.cast(x, tf.float64) for x in (angle, weight))
        turn = tf.expand_dims(angle, -1) * self._orders
        weight = tf.expand_dims(weight, -1)
        real = tf.reduce_sum(weight * tf.cos(turn), axis=1) @ self._even
        imag = tf.reduce_sum(weight * tf.sin(turn), axis=1) @ self._odd
        return tf.complex(real, imag)


class SpatialChannel(ChannelSource):
    r"""Flat Gaussian channel whose covariance is drawn anew for every channel.

    Each path has an angle at either end, uniform and independent, and a power, uniform
    before all are scaled to a sum of one. Given them

    .. math:: H = L_\mathrm{rx} G L_\mathrm{tx}^\mathsf{T}, \qquad
        \mathrm{E}[h_{ij} h_{i'j'}^*] = [C_\mathrm{rx}]_{ii'}\,[C_\mathrm{tx}]_{jj'}

    with :math:`C = L L^\mathsf{H}` of :class:`LaplaceSpectrum` at either end and G
    white. It stands still over the time steps of a call.

    Parameters
    ----------
    config
        A ``SpatialConfig``.
    with_covariance
        Add the labels ``covariance`` and ``covariance_tx``.
    seed
        As for :class:`ChannelSource`, and so are input and output.

    Labels
    ------
    strongest_path : [batch_size], float32
        Share of the power that the strongest path has.
    covariance : [batch_size, num_rx_ant], complex64
        First column of :math:`C_\mathrm{rx}`.
    covariance_tx : [batch_size, num_tx_ant], complex64
        First column of :math:`C_\mathrm{tx}`.
    """

    def __init__(
        self, config: SpatialConfig, *, with_covariance: bool = False, seed: int
    ):
        super().__init__(seed=seed)
        self._config = config
        self._with_covariance = with_covariance
        self._rx = LaplaceSpectrum(
            config.num_rx_ant, config.rx_spread_deg, config.rx_spacing_wavelengths
        )
        self._tx = LaplaceSpectrum(
            config.num_tx_ant, config.tx_spread_deg, config.tx_spacing_wavelengths
        )

    @property
    def is_static(self) -> bool:
        """Whether it stands still: always."""
        return True

    def _draw(self, call, batch_size, num_time_steps, sampling_frequency):
        generator, c = self._generator(call), self._config
        shape = [batch_size, c.num_paths]
        widest = np.radians(c.max_angle_deg)
        rx_angle = generator.uniform(shape, -widest, widest)
        tx_angle = generator.uniform(shape, -widest, widest)
        # Not zero, for all powers of a channel at once.
        power = generator.uniform(shape, 1e-6, 1.0)
        power /= tf.reduce_sum(power, axis=1, keepdims=True)
        rx, tx = self._rx.column(rx_angle, power), self._tx.column(tx_angle, power)
        parts = generator.normal([2, batch_size, c.num_rx_ant, c.num_tx_ant])
        parts = tf.cast(parts, tf.float64) * 0.5**0.5
        G = tf.complex(parts[0], parts[1])
        h = covariance_root(rx) @ tf.matmul(G, covariance_root(tx), transpose_b=True)
        a = tf.cast(h, tf.complex64)[:, None, :, None, :, None, None]
        a = tf.repeat(a, num_time_steps, axis=6)
        labels = {"strongest_path": tf.reduce_max(power, axis=1)}
        if self._with_covariance:
            labels["covariance"] = tf.cast(rx, tf.complex64)
            labels["covariance_tx"] = tf.cast(tx, tf.complex64)
        return a, tf.zeros([batch_size, 1, 1, 1]), labels


def covariance_root(column: tf.Tensor) -> tf.Tensor:
    """Return the Cholesky factor of Toeplitz covariances.

    Parameters
    ----------
    column : [batch, n], complex128
        First columns, entry 0 real and positive.

    Returns
    -------
    [batch, n, n], complex128
        Lower triangular, of the covariance plus 1e-10 of its diagonal.
    """
    n = int(column.shape[1] or 0)
    jitter = tf.concat([column[:, :1] * _JITTER, 0 * column[:, 1:]], axis=1)
    column = column + jitter
    lag = np.arange(n)[:, None] - np.arange(n)
    below = tf.gather(column, np.abs(lag), axis=1)
    return tf.linalg.cholesky(tf.where(lag >= 0, below, tf.math.conj(below)))
