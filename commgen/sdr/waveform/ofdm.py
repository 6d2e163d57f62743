"""Between grids and samples of unit power."""

from typing import Any

import numpy as np
import scipy.fft

from commgen.frame.frame import Frame


def modulate(frame: Frame, grid: np.ndarray) -> np.ndarray:
    r"""Turn OFDM symbols into samples, each with its cyclic prefix.

    .. math:: s_n = \frac{1}{\sqrt{K}} \sum_k x_k e^{j 2 \pi k n / N}

    so that K subcarriers of unit power give samples of unit mean power.

    Parameters
    ----------
    grid : [..., num_symbols, num_effective_subcarriers], complex
        What the subcarriers carry, by ascending frequency.

    Returns
    -------
    [..., num_symbols, symbol_length], complex64
    """
    size, prefix = frame.fft_size, frame.cyclic_prefix_length
    x = np.zeros((*grid.shape[:-1], size), np.complex64)
    x[..., frame.subcarrier_index] = grid
    useful: Any = scipy.fft.ifft(x, norm="forward", overwrite_x=True)
    useful *= np.float32(frame.num_effective_subcarriers**-0.5)
    return np.concatenate([useful[..., size - prefix :], useful], axis=-1)


def demodulate(frame: Frame, samples: np.ndarray) -> np.ndarray:
    """Turn samples without cyclic prefix into OFDM symbols, as :func:`modulate` made.

    White noise of variance v in the samples has the variance
    v * num_effective_subcarriers / fft_size in the grid.

    Parameters
    ----------
    samples : [..., fft_size], complex64

    Returns
    -------
    [..., num_effective_subcarriers], complex64
    """
    bins: Any = scipy.fft.fft(samples, norm="forward")
    y = bins[..., frame.subcarrier_index]
    y *= np.float32(frame.num_effective_subcarriers**0.5)
    return y


def sample_noise_variance(frame: Frame, no):
    """Return the variance in the samples of a variance ``no`` in the grid.

    The SNR of a frame is that of its subcarriers. Noise fills the whole band, the
    signal a part of it, so that it is fft_size / num_effective_subcarriers times worse
    in the samples.
    """
    return no * frame.fft_size / frame.num_effective_subcarriers
