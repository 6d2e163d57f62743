"""From LLRs to bits, and how good the symbols were."""

from dataclasses import dataclass

import numpy as np

from commgen.coding.compiled import compiled
from commgen.frame.frame import Frame
from commgen.sdr.waveform.code import transport_block


@dataclass(frozen=True, eq=False)
class DecodedSlots:
    """Bits of slots, and what the code tells of their symbols.

    Parameters
    ----------
    bits : [n, k], uint8
        Decisions.
    accepted : [n], bool
        Whether CRC and parity checks hold.
    coded_bits : [n, num_coded_bits], uint8
        What was sent where ``accepted``, decisions on the LLRs elsewhere.
    num_coded_errors : [n], int64
        Decisions on coded bits that differ from ``coded_bits``.
    """

    bits: np.ndarray
    accepted: np.ndarray
    coded_bits: np.ndarray
    num_coded_errors: np.ndarray


def decode_slots(frame: Frame, llr: np.ndarray) -> DecodedSlots:
    """Decode the transport blocks of slots.

    Parameters
    ----------
    llr : [n, num_coded_bits], float32
        ln p(1) / p(0).
    """
    block = transport_block(frame)
    bits, accepted = block.decode_once(llr)
    coded = (llr > 0).astype(np.uint8)
    sent = block.encode(bits[accepted])
    errors = np.zeros(len(llr), np.int64)
    errors[accepted] = np.count_nonzero(coded[accepted] != sent, axis=1)
    coded[accepted] = sent
    return DecodedSlots(bits, accepted, coded, errors)


def error_vector_db(
    frame: Frame, y: np.ndarray, h_hat: np.ndarray, coded_bits: np.ndarray
) -> np.ndarray:
    """Power of y - h_hat x over that of h_hat x on the data symbols [dB], [n].

    Parameters
    ----------
    y, h_hat : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
        Slots and channel estimates.
    coded_bits : [n, num_coded_bits], uint8
        Of the symbols x.
    """
    flat = (len(y), -1)
    error, power = _powers(
        y.reshape(flat), h_hat.reshape(flat), coded_bits, frame.data_ind, frame.points
    )
    return 10 * np.log10(np.maximum(error, 1e-30) / np.maximum(power, 1e-30))


@compiled
def _powers(y, h, bits, data_ind, points):
    num_bits = bits.shape[1] // len(data_ind)
    error, power = np.zeros(len(y)), np.zeros(len(y))
    for b in range(len(y)):
        for i in range(len(data_ind)):
            label = 0
            for j in range(num_bits):
                label = 2 * label + bits[b, i * num_bits + j]
            hx = h[b, data_ind[i]] * points[label]
            e = y[b, data_ind[i]] - hx
            error[b] += e.real * e.real + e.imag * e.imag
            power[b] += hx.real * hx.real + hx.imag * hx.imag
    return error, power
