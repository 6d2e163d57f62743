"""The covariance that a genie knows: that of one channel given its rays."""

import numpy as np
import tensorflow as tf


def ula_covariance(
    weights: tf.Tensor,
    zenith: tf.Tensor,
    azimuth: tf.Tensor,
    num_antennas: int,
    spacing,
) -> tf.Tensor:
    r"""First column of the covariance of a horizontal line of antennas.

    Given its rays, a 3GPP channel is random in their phases only, which are independent
    and uniform, so that

    .. math:: \mathrm{E}[h_m h_n^*] = \sum_i w_i
        e^{j 2 \pi d (m - n) \sin\theta_i \sin\phi_i}

    with the power :math:`w_i`, zenith :math:`\theta_i` and azimuth :math:`\phi_i` of
    ray :math:`i`, and antennas :math:`d` wavelengths apart along y. The matrix is
    Toeplitz and Hermitian: ``scipy.linalg.toeplitz(column, column.conj())``.

    Parameters
    ----------
    weights, zenith, azimuth : [batch, num_rays], float32
        Power and angles [radian] of every ray.
    num_antennas, spacing
        Antennas in the line, and wavelengths between two of them.

    Returns
    -------
    column : [batch, num_antennas], complex64
        Entry 0 is the expected power of one antenna.
    """
    phase = 2 * np.pi * spacing * tf.sin(zenith) * tf.sin(azimuth)
    step = tf.complex(tf.cos(phase), tf.sin(phase))
    # Powers by repeated multiplication: a loop of num_antennas small steps needs no
    # [batch, num_rays, num_antennas] array.
    term = tf.complex(weights, tf.zeros_like(weights))
    columns = []
    for _ in range(num_antennas):
        columns.append(tf.reduce_sum(term, axis=1))
        term = term * step
    return tf.stack(columns, axis=1)


def ray_weights(
    powers: tf.Tensor, rays_per_cluster: int, k_factor: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Power of each scattered ray, and of the line of sight.

    Parameters
    ----------
    powers : [batch, num_clusters], float32
        Cluster powers without the line of sight, of sum 1.
    rays_per_cluster
        A cluster shares its power evenly among them.
    k_factor : [batch], float32
        Rician K-factor, linear; 0 without a line of sight.

    Returns
    -------
    scattered : [batch, num_clusters * rays_per_cluster], float32
    direct : [batch], float32
    """
    share = powers / (rays_per_cluster * (1.0 + k_factor[:, None]))
    scattered = tf.repeat(share, rays_per_cluster, axis=1)
    return scattered, k_factor / (1.0 + k_factor)
