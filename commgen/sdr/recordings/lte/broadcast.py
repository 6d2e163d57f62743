"""The physical broadcast channel: where it is, its code, and what it says."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from commgen.coding.crc import crc_bits
from commgen.sdr.recordings.convolutional import ConvolutionalCode
from commgen.sdr.recordings.lte.grid import NUM_CARRIERS
from commgen.sdr.recordings.lte.sequences import gold

# Symbols 0 to 3 of slot 1 (TS 36.211 6.6.4).
SYMBOLS = np.arange(7, 11)
NUM_BITS = 480
_CODE = ConvolutionalCode((0o133, 0o171, 0o165))
_LENGTH = 40
# TS 36.212 table 5.1.4-2.
_COLUMNS = [1, 17, 9, 25, 5, 21, 13, 29, 3, 19, 11, 27, 7, 23, 15, 31]
_COLUMNS += [0, 16, 8, 24, 4, 20, 12, 28, 2, 18, 10, 26, 6, 22, 14, 30]
# Table 5.3.1.1-1, by the number of ports.
_MASKS = {1: [0] * 16, 2: [1] * 16, 4: [0, 1] * 8}
# TS 36.331 6.2.2, MasterInformationBlock.
_BANDWIDTHS = (6, 15, 25, 50, 75, 100)
_RESOURCES = (1 / 6, 1 / 2, 1.0, 2.0)


@dataclass(frozen=True)
class Mib:
    """A master information block.

    Parameters
    ----------
    num_ports
        Antenna ports, told by the mask of the CRC.
    num_rb
        Resource blocks of the downlink.
    phich_extended
        Duration of the PHICH.
    phich_resource
        Its N_g: 1/6, 1/2, 1 or 2.
    sfn
        System frame number, of 1,024.
    """

    num_ports: int
    num_rb: int
    phich_extended: bool
    phich_resource: float
    sfn: int


@lru_cache
def elements(cell: int) -> tuple[np.ndarray, np.ndarray]:
    """Return symbol (0 to 3) and subcarrier of the 240 elements, in order.

    Those that reference signals of four ports would take are left out, whatever there
    is.
    """
    k = np.arange(NUM_CARRIERS)
    free = k[k % 3 != cell % 3]
    carriers = np.concatenate([free, free, k, k])
    symbols = np.repeat([0, 1, 2, 3], [len(free), len(free), len(k), len(k)])
    return symbols, carriers


@lru_cache
def _places() -> np.ndarray:
    """Return which of the 120 coded bits, step by step, is sent at each place.

    TS 36.212 5.1.4.2.1: 32 columns, the first 24 places empty.
    """
    rows = np.arange(64).reshape(2, 32)[:, _COLUMNS]
    order = rows.T.ravel() - 24
    order = order[order >= 0]
    return np.concatenate([3 * order + stream for stream in range(3)])


def decode(llr, cell: int, num_ports: int, phase: int) -> Mib | None:
    """Return the block that one frame's LLRs hold, None where its CRC is wrong.

    Parameters
    ----------
    llr : [num, 480], float
        Of the frames of one block, in order.
    cell
        Identity, which scrambles.
    num_ports
        Ports that they were combined for.
    phase
        Of the first of these frames among the four that a block is sent in.
    """
    signs = 1.0 - 2 * gold(cell, 4 * NUM_BITS).reshape(4, NUM_BITS)
    llr = (np.asarray(llr) * signs[phase : phase + len(llr)]).reshape(-1, 120).sum(0)
    coded = np.empty(120)
    coded[_places()] = llr
    bits = _CODE.decode_tail_biting(coded.reshape(_LENGTH, 3))
    if (crc_bits(bits[:24], "CRC16") ^ bits[24:] != _MASKS[num_ports]).any():
        return None
    return _read(bits[:24], num_ports, phase)


def _read(bits, num_ports: int, phase: int) -> Mib | None:
    weights = 1 << np.arange(7, -1, -1)
    bandwidth = int(bits[:3] @ weights[-3:])
    if bandwidth >= len(_BANDWIDTHS):
        return None
    return Mib(
        num_ports=num_ports,
        num_rb=_BANDWIDTHS[bandwidth],
        phich_extended=bool(bits[3]),
        phich_resource=_RESOURCES[int(bits[4:6] @ weights[-2:])],
        sfn=4 * int(bits[6:14] @ weights) + phase,
    )


def combine(y, h) -> np.ndarray:
    """Return LLRs, but for the noise variance, of the elements of one frame.

    Alamouti's code over pairs of subcarriers; with four ports pairs take turns between
    ports 0 and 2 and ports 1 and 3 (TS 36.211 6.3.4.3).

    Parameters
    ----------
    y : [..., 240], complex
        Received elements, in order.
    h : [..., num_ports, 240], complex
        Channel of each port.

    Returns
    -------
    [..., 480], float
        log P(1) / P(0), times the noise variance.
    """
    num_ports = h.shape[-2]
    if num_ports == 1:
        x = np.conj(h[..., 0, :]) * y * np.sqrt(2)
    else:
        a, b = (_by_pair(h, num_ports, port) for port in (0, 1))
        pairs = y.reshape(*y.shape[:-1], -1, 2)
        y0, y1 = pairs[..., 0], pairs[..., 1]
        x0 = np.conj(a[..., 0]) * y0 + b[..., 1] * np.conj(y1)
        x1 = np.conj(a[..., 1]) * y1 - b[..., 0] * np.conj(y0)
        x = np.stack([x0, x1], axis=-1).reshape(y.shape)
    parts = np.stack([np.real(x), np.imag(x)], axis=-1)
    # QPSK of amplitude 1 / sqrt(2) each; the code's 1 / sqrt(2) is in x twice over.
    return -2 * parts.reshape(*y.shape[:-1], -1)


def _by_pair(h, num_ports: int, which: int) -> np.ndarray:
    """Channel of the first or second port of each pair of elements: [..., 120, 2]."""
    pairs = h.reshape(*h.shape[:-1], -1, 2)
    if num_ports == 2:
        return pairs[..., which, :, :]
    out = pairs[..., 2 * which, :, :].copy()
    out[..., 1::2, :] = pairs[..., 2 * which + 1, 1::2, :]
    return out
