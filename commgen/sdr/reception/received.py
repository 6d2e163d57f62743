"""What a receiver tells of a frame."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class ReceivedFrame:
    """A frame that was found, decoded or not.

    Parameters
    ----------
    start
        Sample, since the stream began, at which its preamble begins.
    bits : [k], uint8
        Decisions; wrong where ``crc_ok`` is false.
    crc_ok
        Whether the CRC and the parity checks of the code hold.
    snr_db
        SNR of a subcarrier in this frame [dB], in white noise.
    cfo_hz
        Carrier frequency offset that was taken out [Hz].
    delay_s
        Delay of the first path behind ``start`` [s].
    estimator
        Name of what estimated its channel.
    evm_db
        Power of y - h_hat x over that of h_hat x on data [dB]; x is what was sent where
        ``crc_ok``, and the nearest symbols elsewhere, which flatters.
    num_coded_errors
        Decisions on coded bits before the decoder that were wrong; None where nobody
        knows, for lack of ``crc_ok``.
    y : [num_ofdm_symbols, num_effective_subcarriers], complex64
        The slot, CFO and delay taken out, in the scale of the samples: unit power for
        what :class:`~commgen.sdr.waveform.transmitter.FrameTransmitter` sends.
    h_hat : as ``y``, complex64
        Channel estimate.
    no
        Noise variance in ``y``.
    """

    start: int
    bits: np.ndarray
    crc_ok: bool
    snr_db: float
    cfo_hz: float
    delay_s: float
    estimator: str
    evm_db: float
    num_coded_errors: int | None
    y: np.ndarray
    h_hat: np.ndarray
    no: float
