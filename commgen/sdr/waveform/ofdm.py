"""Between grids and samples of unit power."""

import numpy as np

from commgen.frame.frame import Frame
from commgen.waveform.carriers import carriers_to_samples, samples_to_carriers


def modulate(frame: Frame, grid: np.ndarray) -> np.ndarray:
    """Turn OFDM symbols into samples, each with its cyclic prefix.

    As :func:`~commgen.waveform.carriers.carriers_to_samples` scales them: of unit mean
    power where the subcarriers have it.

    Parameters
    ----------
    grid : [..., num_symbols, num_effective_subcarriers], complex
        What the subcarriers carry, by ascending frequency.

    Returns
    -------
    [..., num_symbols, symbol_length], complex64
    """
    size, prefix = frame.fft_size, frame.cyclic_prefix_length
    grid = np.asarray(grid, np.complex64)
    useful = carriers_to_samples(grid, frame.subcarrier_index, size)
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
    return samples_to_carriers(samples, frame.subcarrier_index)


def sample_noise_variance(frame: Frame, no):
    """Return the variance in the samples of a variance ``no`` in the grid.

    The SNR of a frame is that of its subcarriers. Noise fills the whole band, the
    signal a part of it, so that it is fft_size / num_effective_subcarriers times worse
    in the samples.
    """
    return no * frame.fft_size / frame.num_effective_subcarriers
