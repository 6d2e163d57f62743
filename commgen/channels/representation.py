"""Invertible views of a channel: angle, delay and Doppler, taps, real numbers, power.

Channel arrays are [num_samples, num_rx_ant, num_tx_ant, num_time_steps,
num_subcarriers], complex, subcarriers in ascending frequency with DC in the middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from sionna.phy.channel import subcarrier_frequencies

from commgen._checks import check_finite
from commgen.datasets.events import AXES

# Axis to its place in a channel array.
_PLACE = {name: i for i, name in enumerate(AXES, 1)}


def to_angle_delay(h, axes: Sequence[str] = ("rx", "tx", "subcarrier")) -> np.ndarray:
    r"""Turn antennas into beams, subcarriers into delays, time into Doppler.

    Every named axis goes through a unitary discrete Fourier transform, so that power is
    kept and white noise stays white with the same variance. Beam ``k`` of ``N`` of a
    line of antennas at half a wavelength is the one at direction cosine ``2 k / N``
    (modulo 2). Delay ``l`` of ``N`` is ``l / (N subcarrier_spacing)``; negative delays
    wrap to the end. Doppler shift 0 comes first, negative ones are at the end.

    Parameters
    ----------
    h : [num_samples, num_rx_ant, num_tx_ant, num_time_steps, num_subcarriers], complex
        Channel array.
    axes
        Which of "rx", "tx", "time", "subcarrier" to transform.

    Returns
    -------
    x : as h, complex64 or complex128
        Beams, delays and Doppler shifts in the place of the named axes.
    """
    x = _check_array("h", h)
    for name in _check_axes(axes):
        axis = _PLACE[name]
        if name == "subcarrier":
            x = np.fft.ifft(np.fft.ifftshift(x, axis), axis=axis, norm="ortho")
        else:
            x = np.fft.fft(x, axis=axis, norm="ortho")
    return x.astype(np.result_type(h, np.complex64))


def from_angle_delay(x, axes: Sequence[str] = ("rx", "tx", "subcarrier")) -> np.ndarray:
    """Undo :func:`to_angle_delay`, with the same ``axes``."""
    h = _check_array("x", x)
    for name in _check_axes(axes):
        axis = _PLACE[name]
        if name == "subcarrier":
            h = np.fft.fftshift(np.fft.fft(h, axis=axis, norm="ortho"), axis)
        else:
            h = np.fft.ifft(h, axis=axis, norm="ortho")
    return h.astype(np.result_type(x, np.complex64))


def response_to_taps(h) -> np.ndarray:
    r"""Give the taps whose response on the grid is ``h`` exactly.

    .. math:: \sum_l a_l e^{-j 2\pi f_k \tau_l} = h_k, \quad \tau_l = l / (N \Delta_f)

    Parameters
    ----------
    h : [..., num_subcarriers], complex
        Response at Sionna's subcarrier frequencies.

    Returns
    -------
    a : [..., num_subcarriers], complex
        Taps on the sample grid. Energy ahead of delay zero wraps to the last ones.
    """
    h = np.asarray(h)
    taps = np.fft.ifft(np.fft.ifftshift(h, -1), axis=-1)
    return taps.astype(np.result_type(h, np.complex64))


def taps_to_response(a) -> np.ndarray:
    """Undo :func:`response_to_taps`."""
    a = np.asarray(a)
    h = np.fft.fftshift(np.fft.fft(a, axis=-1), -1)
    return h.astype(np.result_type(a, np.complex64))


def frequency_response(
    a: tf.Tensor, tau: tf.Tensor, num_subcarriers: int, subcarrier_spacing_hz
) -> tf.Tensor:
    """Response of path coefficients on a grid of subcarriers, for one link.

    Parameters
    ----------
    a : [batch, 1, num_rx_ant, 1, num_tx_ant, num_paths, num_time_steps], complex64
        Path coefficients.
    tau : [batch, 1, 1, num_paths], float32
        Path delays [s].
    num_subcarriers, subcarrier_spacing_hz
        The grid; one subcarrier is at the carrier itself.

    Returns
    -------
    h : [batch, 1, num_rx_ant, 1, num_tx_ant, time_steps, num_subcarriers], complex64
    """
    if num_subcarriers == 1:
        return tf.expand_dims(tf.reduce_sum(a, axis=5), -1)
    frequencies = subcarrier_frequencies(num_subcarriers, subcarrier_spacing_hz)
    phase = -2 * np.pi * frequencies * tau[:, 0, 0, :, None]
    steering = tf.complex(tf.cos(phase), tf.sin(phase))
    shape = tf.shape(a)
    flat = tf.reshape(tf.transpose(a, [0, 1, 2, 3, 4, 6, 5]), [shape[0], -1, shape[5]])
    h = tf.reshape(
        flat @ steering,
        tf.concat([shape[:5], shape[6:], [num_subcarriers]], 0),
    )
    return tf.ensure_shape(h, [*a.shape[:5], a.shape[6], num_subcarriers])


def to_real(h) -> np.ndarray:
    """Stack real and imaginary part last: complex [...] to float [..., 2]."""
    return np.stack([np.real(h), np.imag(h)], axis=-1)


def to_complex(x) -> np.ndarray:
    """Undo :func:`to_real`.

    Raises
    ------
    ValueError
        If the last axis is not real and imaginary part.
    """
    x = np.asarray(x)
    if x.ndim == 0 or x.shape[-1] != 2:
        raise ValueError(
            f"x must be [..., 2], real and imaginary part last, got {x.shape}."
        )
    return x[..., 0] + 1j * x[..., 1]


@dataclass(frozen=True)
class Normaliser:
    """One real factor for a whole set of channels, so that their mean power is 1.

    One factor for all keeps the fading: a weak channel stays weak. Save it with a model
    that was trained behind it, and undo it on what the model draws.

    Parameters
    ----------
    scale
        Finite and above zero; :meth:`apply` divides by it.
    """

    scale: float = 1.0

    def __post_init__(self):
        if not np.isfinite(self.scale) or self.scale <= 0:
            raise ValueError(f"scale must be finite and above 0, got {self.scale}.")

    @classmethod
    def fit(cls, h) -> "Normaliser":
        """Take the root mean square of ``h``, over everything.

        Raises
        ------
        ValueError
            If ``h`` is empty, not finite, or all zero.
        """
        h = np.asarray(h)
        if h.size == 0:
            raise ValueError(f"h must not be empty, got shape {h.shape}.")
        check_finite("h", h)
        power = float(np.mean(np.abs(h.astype(np.complex128)) ** 2))
        if power == 0:
            raise ValueError("h must have power, got an array of zeros.")
        return cls(power**0.5)

    def apply(self, h) -> np.ndarray:
        """Divide by the scale."""
        h = np.asarray(h)
        return (h / self.scale).astype(h.dtype)

    def undo(self, h) -> np.ndarray:
        """Multiply by the scale."""
        h = np.asarray(h)
        return (h * self.scale).astype(h.dtype)


def _check_array(name: str, h) -> np.ndarray:
    h = np.asarray(h)
    if h.ndim != 5:
        raise ValueError(
            f"{name} must be [num_samples, num_rx_ant, num_tx_ant, num_time_steps, "
            f"num_subcarriers], got {h.ndim} dimensions {h.shape}."
        )
    return h


def _check_axes(axes: Sequence[str]) -> Sequence[str]:
    unknown = [axis for axis in axes if axis not in AXES]
    if isinstance(axes, str) or unknown or len(set(axes)) < len(axes):
        raise ValueError(
            f"axes must be different names out of {', '.join(AXES)}, got {axes!r}."
        )
    return axes
