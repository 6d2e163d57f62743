"""From a stream to the FFT windows of its frames, the CFO taken out."""

from typing import Any

import numpy as np
import scipy.fft

from commgen.coding.compiled import compiled
from commgen.frame.frame import Frame


def frame_length(frame: Frame) -> int:
    """Return the samples of a frame on the air: preamble and slot, without a gap."""
    return (frame.num_ofdm_symbols + 1) * frame.symbol_length


def received_grids(
    frame: Frame, stream: np.ndarray, starts, cfo_hz, delays
) -> np.ndarray:
    """Return preamble and slot of frames in a stream.

    Parameters
    ----------
    frame
        What was sent.
    stream : [num], complex64
        Samples.
    starts : [n], int
        Where in ``stream`` the frames begin, as candidates of a search tell it.
    cfo_hz : [n], float
        What the carriers are too high by [Hz].
    delays : [n], float
        Samples from there to the first path, which the grids have at delay 0.

    Returns
    -------
    [n, 1 + num_ofdm_symbols, num_effective_subcarriers], complex64
        In the scale of :func:`~commgen.sdr.waveform.ofdm.demodulate`.
    """
    omega = -2 * np.pi * np.asarray(cfo_hz, float) / frame.sample_rate_hz
    shape = (frame.num_ofdm_symbols + 1, frame.cyclic_prefix_length, frame.fft_size)
    useful = _turned(stream, np.asarray(starts, np.int64), omega, *shape)
    bins: Any = scipy.fft.fft(useful, norm="forward", overwrite_x=True)
    cycles = np.asarray(delays, float)[:, None] / frame.fft_size * frame.subcarriers
    turns = np.exp(2j * np.pi * cycles) * frame.num_effective_subcarriers**0.5
    return _chosen(bins, frame.subcarrier_index, turns.astype(np.complex64))


@compiled
def _chosen(bins, index, turns):
    """Take the bins in use, each turned; one pass through memory."""
    out = np.empty((bins.shape[0], bins.shape[1], len(index)), np.complex64)
    for b in range(bins.shape[0]):
        for s in range(bins.shape[1]):
            for k in range(len(index)):
                out[b, s, k] = bins[b, s, index[k]] * turns[b, k]
    return out


@compiled
def _turned(stream, starts, omega, num_symbols, prefix, size):
    """Cut out symbols without their prefixes, turned by omega a sample."""
    out = np.empty((len(starts), num_symbols, size), np.complex64)
    for b in range(len(starts)):
        step = np.complex64(np.exp(1j * omega[b]))
        for s in range(num_symbols):
            first = s * (prefix + size) + prefix
            # Single precision drifts by 1e-7 a step: begin each symbol anew.
            turn = np.complex64(np.exp(1j * omega[b] * first))
            for i in range(size):
                out[b, s, i] = stream[starts[b] + first + i] * turn
                turn *= step
    return out
