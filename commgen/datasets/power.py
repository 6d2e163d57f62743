"""The power of channels, and channels of unit power."""

import numpy as np

from commgen.datasets.channel_meta import ChannelMeta


def mean_power(h: np.ndarray, meta: ChannelMeta) -> np.ndarray:
    """Return the mean power of each channel, as a carrier would see it.

    |h|^2 is averaged over antennas and time, and over the subcarriers; taps are added
    instead, since their energy is the mean power of their frequency response.

    Parameters
    ----------
    h : [num_samples, num_rx_ant, num_tx_ant, num_time_steps, num_subcarriers], complex
        Channels.
    meta
        Whose ``domain`` says what the last axis is.

    Returns
    -------
    [num_samples], float64
        Linear.
    """
    power = np.abs(h.astype(np.complex128)) ** 2
    power = power.mean(axis=-1) if meta.domain == "frequency" else power.sum(axis=-1)
    return power.mean(axis=(1, 2, 3))


def scale_to_unit_power(
    h: np.ndarray, meta: ChannelMeta, power: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return channels of unit mean power, and the gain in dB that was taken away.

    Each sample is divided by its own power, or all of them by ``power`` if given; it
    must not be zero.
    """
    own = mean_power(h, meta) if power is None else np.full(len(h), power)
    return h / np.sqrt(own)[:, None, None, None, None], 10 * np.log10(own)
