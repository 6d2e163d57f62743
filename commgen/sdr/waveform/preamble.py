"""The symbol in front of each frame, by which a receiver finds it."""

import numpy as np

from commgen.frame.frame import Frame

_SEED = 20261130  # the preamble is part of the frame, not of the experiment


def preamble_carriers(frame: Frame) -> np.ndarray:
    """Return the even subcarriers that the preamble uses, counted from DC, ascending.

    Raises
    ------
    ValueError
        If the FFT size is odd, or fewer than eight even subcarriers are in use.
    """
    if frame.fft_size % 2:
        raise ValueError(
            f"fft_size must be even for a preamble of two halves, got {frame.fft_size}."
        )
    carriers = frame.subcarriers[frame.subcarriers % 2 == 0]
    carriers = carriers[carriers != 0]  # without DC, which a receiver cannot trust
    if len(carriers) < 8:
        raise ValueError(
            "frame must use at least 8 even subcarriers for its preamble, got "
            f"{len(carriers)}."
        )
    return carriers


def preamble_symbol(frame: Frame) -> np.ndarray:
    """Return the training symbol of Schmidl and Cox on the FFT bins.

    Only even subcarriers are in use, so that both halves of the symbol are the same
    (*Robust frequency and timing synchronization for OFDM*, IEEE Trans. Commun. 45,
    1997, sec. III). They carry QPSK of a fixed seed.

    Returns
    -------
    x : [fft_size], complex64
        DC at 0. The sum of all powers is the number of effective subcarriers, as in a
        symbol of data: fewer carriers are each stronger.
    """
    carriers = preamble_carriers(frame)
    rng = np.random.default_rng(_SEED)
    qpsk = np.exp(1j * np.pi / 2 * (rng.integers(4, size=len(carriers)) + 0.5))
    amplitude = np.sqrt(frame.num_effective_subcarriers / len(carriers))
    x = np.zeros(frame.fft_size, np.complex64)
    x[carriers % frame.fft_size] = amplitude * qpsk
    return x


def preamble_samples(frame: Frame) -> np.ndarray:
    """Return the preamble with its cyclic prefix, [symbol_length], complex64.

    Of unit mean power without the prefix, as what
    :class:`~commgen.sdr.waveform.transmitter.FrameTransmitter` sends.
    """
    scale = frame.fft_size / np.sqrt(frame.num_effective_subcarriers)
    samples = scale * np.fft.ifft(preamble_symbol(frame))
    with_prefix = np.arange(-frame.cyclic_prefix_length, frame.fft_size)
    return samples[with_prefix].astype(np.complex64)
