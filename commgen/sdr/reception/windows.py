"""From a stream to the FFT windows of its frames, the CFO taken out."""

import numpy as np

from commgen.coding.compiled import compiled
from commgen.frame.frame import Frame
from commgen.sdr.waveform.ofdm import demodulate


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
    grids = demodulate(frame, useful)
    cycles = np.outer(np.asarray(delays, float) / frame.fft_size, frame.subcarriers)
    grids *= np.exp(2j * np.pi * cycles).astype(np.complex64)[:, None]
    return grids


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
