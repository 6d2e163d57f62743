"""What a base station knows of the channels of its users."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_finite

# Largest departure from a Hermitian matrix, relative to its norm.
_HERMITIAN = 1e-4


@dataclass(frozen=True)
class Belief:
    """Channels as far as they are known, with how far that is.

    Make one with :meth:`of`, which checks.

    Parameters
    ----------
    mean : [batch, num_users, num_rx_ant, num_tx_ant], complex
        What is expected; the channel itself under perfect CSI.
    err_cov : [batch, num_users, num_tx_ant, num_tx_ant], complex, or None
        Covariance of a row of the error, the same for all receive antennas, which err
        independently: E[e^T e^*] for a row e. None where nothing is known of it.
    samples : [num_samples, batch, num_users, num_rx_ant, num_tx_ant], complex, or None
        Draws of what the channels may be, users independent of each other.
    """

    mean: Any
    err_cov: Any = None
    samples: Any = None

    @classmethod
    def of(cls, mean: Any, err_cov: Any = None, samples: Any = None) -> "Belief":
        """Check and complete what is known.

        Parameters
        ----------
        mean
            As of the class; None for the mean of ``samples``. Without the axis
            ``num_rx_ant``, [batch, num_users, num_tx_ant], each user has one antenna,
            and so has the rest.
        err_cov, samples
            As of the class.

        Raises
        ------
        ValueError
            If shapes do not fit, an entry is not finite, a covariance is not Hermitian
            or is none of any errors, or neither mean nor samples are given.

        Examples
        --------
        >>> belief = Belief.of(np.ones([5, 2, 4], np.complex64))
        >>> tuple(belief.mean.shape), belief.num_tx_ant
        ((5, 2, 1, 4), 4)
        """
        if mean is None and samples is None:
            raise ValueError("mean must be given where there are no samples, got None.")
        if samples is not None:
            samples = _channels("samples", samples, 5)
            mean = tf.reduce_mean(samples, axis=0) if mean is None else mean
        mean = _channels("mean", mean, 4)
        if samples is not None and samples.shape[1:] != mean.shape:
            raise ValueError(
                f"samples must be [num_samples, {_text(mean)}] as mean is, got "
                f"{tuple(samples.shape)}."
            )
        if err_cov is not None:
            err_cov = _covariance(err_cov, mean)
        return cls(mean, err_cov, samples)

    @property
    def num_users(self) -> int:
        """Users."""
        return int(self.mean.shape[1])

    @property
    def num_rx_ant(self) -> int:
        """Antennas of a user."""
        return int(self.mean.shape[2])

    @property
    def num_tx_ant(self) -> int:
        """Antennas of the base station."""
        return int(self.mean.shape[3])


def _text(x) -> str:
    return ", ".join(map(str, x.shape))


def _channels(name, value, rank) -> Any:
    h: Any = tf.convert_to_tensor(value)
    if not h.dtype.is_complex:
        raise ValueError(f"{name} must be complex, got dtype {h.dtype.name}.")
    axes = "[num_samples, " if rank == 5 else "["
    axes += "batch, num_users, num_rx_ant, num_tx_ant]"
    if h.shape.rank == rank - 1:
        h = h[..., None, :]
    if h.shape.rank != rank or 0 in h.shape:
        raise ValueError(f"{name} must be {axes}, got {tuple(h.shape)}.")
    if tf.executing_eagerly():
        check_finite(name, h.numpy())
    return h


def _covariance(value, mean) -> tf.Tensor:
    C = tf.cast(tf.convert_to_tensor(value), mean.dtype)
    shape = (*mean.shape[:2], mean.shape[3], mean.shape[3])
    if tuple(C.shape) != tuple(shape):
        raise ValueError(f"err_cov must be {list(shape)}, got {tuple(C.shape)}.")
    if not tf.executing_eagerly():
        return C
    check_finite("err_cov", C.numpy())
    apart = np.abs(C - tf.linalg.adjoint(C)).max()
    if apart > _HERMITIAN * max(np.abs(C).max(), 1e-30):
        raise ValueError(
            f"err_cov must be Hermitian, got entries {apart:.3g} from its adjoint."
        )
    least = float(tf.reduce_min(tf.math.real(tf.linalg.diag_part(C))))
    if least < 0:
        raise ValueError(f"err_cov must have variances >= 0, got {least:.3g}.")
    _check_correlations(C.numpy())
    return C


def _check_correlations(C) -> None:
    """Refuse what no errors of these variances have."""
    variances = np.real(np.diagonal(C, axis1=-2, axis2=-1))
    most = np.sqrt(variances[..., None] * variances[..., None, :])
    over = (np.abs(C) - most).max()
    if over > _HERMITIAN * max(most.max(), 1e-30):
        raise ValueError(
            "err_cov must have covariances within the root of the product of their "
            f"variances, got one {over:.3g} over it."
        )
