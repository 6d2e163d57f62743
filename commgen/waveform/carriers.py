"""Between what carriers hold and samples: the one definition of OFDM modulation."""

from typing import Any

import numpy as np
import scipy.fft


def carriers_to_samples(x: np.ndarray, bins: np.ndarray, size: int) -> np.ndarray:
    r"""Return the useful part of OFDM symbols.

    .. math:: s_n = \frac{1}{\sqrt{K}} \sum_k x_k e^{j 2 \pi b_k n / N}

    so that K carriers of unit power give samples of unit mean power.

    Parameters
    ----------
    x : [..., K], complex
        What the carriers hold; single precision stays so.
    bins : [K], int
        FFT bins b of the carriers, DC at 0.
    size
        N, samples of the useful part.

    Returns
    -------
    [..., size], complex
    """
    spectrum = np.zeros((*x.shape[:-1], size), np.result_type(x.dtype, np.complex64))
    spectrum[..., bins] = x
    useful: Any = scipy.fft.ifft(spectrum, norm="forward", overwrite_x=True)
    useful *= useful.real.dtype.type(len(bins) ** -0.5)
    return useful


def samples_to_carriers(samples: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Return what the carriers hold, the inverse of :func:`carriers_to_samples`.

    White noise of variance v in the samples has the variance v K / N here.

    Parameters
    ----------
    samples : [..., N], complex
    bins : [K], int

    Returns
    -------
    [..., K], complex
    """
    spectrum: Any = scipy.fft.fft(samples, norm="forward")
    y = spectrum[..., bins]
    y *= y.real.dtype.type(len(bins) ** 0.5)
    return y
