"""Raw logs of the Intel 5300 CSI tool.

The tool (Halperin, Hu, Sheth and Wetherall, "Tool release: gathering 802.11n traces
with channel state information", ACM SIGCOMM CCR 41(1), 2011) makes the firmware of an
Intel Wi-Fi Link 5300 report the channel of each received packet: 8-bit real and
imaginary parts on 30 groups of subcarriers, for every transmit stream and receive
antenna, scaled by the receiver's gain control. ``_intel5300_records`` has the frame.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np

from commgen.datasets._intel5300_records import (
    HEADER,
    NUM_SUBCARRIERS,
    Records,
    packed_length,
    read_records,
)
from commgen.measures.decibel import from_db

_HT40 = 0x800  # flag of a 40 MHz packet in the rate word (Linux, iwlwifi)
# Noise of the receiver in dBm, taken where the card reports -127: not measured.
_DEFAULT_NOISE_DBM = -92.0
_UNKNOWN_NOISE = -127
# RSSI words count from here: power in dBm = rssi - agc - 44 (CSI tool).
_RSSI_OFFSET_DB = 44.0


@dataclass(frozen=True)
class Intel5300Packets:
    """Packets of one log that have the same number of antennas.

    Parameters
    ----------
    csi : [num_packets, num_rx, num_tx, 30], complex64
        As reported: whole numbers, scaled by the gain control. Receive antennas are
        those of ``antennas``. "Transmit antenna" is a stream, with whatever spatial
        mapping the transmitter applied.
    t_us : [num_packets], int64
        Time stamp of the card in microseconds, wraps at 2**32.
    rssi : [num_packets, 3], int64
        Relative power at antennas A, B and C in dB, 0 where an antenna was off.
    noise : [num_packets], int64
        In dBm, -127 where it was not measured.
    agc : [num_packets], int64
        Gain in dB.
    ht40 : [num_packets], bool
        Whether the packet took 40 MHz: subcarriers -58, -54, ..., 58 (IEEE 802.11n,
        grouping of 4), an even grid. At 20 MHz it is -28, -26, ..., -2, -1, 1, 3, ...,
        27, 28, which is not.
    ordered : [num_packets], bool
        Whether the record says which antennas these are.
    antennas : [num_packets, num_rx], int64
        Receive antennas, ascending: 0, 1, 2 for A, B, C. -1 where it is not known which
        they are; they are then in the order of the record.
    number : [num_packets], int64
        Which packet of the log, counted from 0 over packets of all kinds.
    """

    csi: np.ndarray
    t_us: np.ndarray
    rssi: np.ndarray
    noise: np.ndarray
    agc: np.ndarray
    ht40: np.ndarray
    ordered: np.ndarray
    antennas: np.ndarray
    number: np.ndarray

    def __len__(self) -> int:
        return len(self.csi)

    def take(self, rows: np.ndarray) -> Self:
        """Return some of the packets."""
        return type(self)(*(getattr(self, part.name)[rows] for part in fields(self)))


class Intel5300Log(dict[tuple[int, int], Intel5300Packets]):
    """``(num_rx, num_tx)`` to the packets of that kind, in the order received.

    Parameters
    ----------
    groups
        These packets.
    left_out
        What else lay in the log, a clause for each kind.
    """

    def __init__(
        self,
        groups: dict[tuple[int, int], Intel5300Packets],
        left_out: tuple[str, ...],
    ) -> None:
        super().__init__(groups)
        self.left_out = left_out


def read_intel5300(
    path: str | Path, *, drop_partial: bool = False, strict: bool = False
) -> Intel5300Log:
    """Read a raw log.

    Records of another code (such as the payload of a packet, 0xc1), records whose
    header contradicts itself, and zeros at the end are left out, and counted.

    Parameters
    ----------
    path
        Log of the CSI tool.
    drop_partial
        Whether to leave out a last record that was cut off, as it happens where a
        recording is stopped. By default that is an error.
    strict
        Whether to refuse what else would be left out.

    Returns
    -------
    Intel5300Log
        A dictionary, ``(num_rx, num_tx)`` to the packets of that kind, that knows what
        was ``left_out``.

    Raises
    ------
    ValueError
        If the log is empty, truncated, or has no packet, or, where ``strict``, holds
        anything but packets; the message names the byte offset of the record.
    OSError
        If it is not a regular file.
    """
    records = read_records(path, drop_partial=drop_partial, strict=strict)
    kinds = np.stack([records.header["num_rx"], records.header["num_tx"]], axis=1)
    groups = {}
    for num_rx, num_tx in np.unique(kinds, axis=0).tolist():
        rows = np.flatnonzero((kinds == (num_rx, num_tx)).all(axis=1))
        groups[num_rx, num_tx] = _packets(records, rows, num_rx, num_tx)
    return Intel5300Log(groups, records.left_out)


def _packets(
    records: Records, rows: np.ndarray, num_rx: int, num_tx: int
) -> Intel5300Packets:
    header = records.header[rows]
    payload = records.bodies[rows, None] + HEADER
    payload = records.raw[payload + np.arange(packed_length(num_rx, num_tx))]
    csi = unpack_csi(payload, num_rx, num_tx)
    antennas = header["antennas"][:, None].astype(np.int64) >> _SHIFTS[:num_rx] & 3
    order = np.argsort(antennas, axis=1)
    antennas = np.take_along_axis(antennas, order, axis=1)
    # Each antenna once, and none that the card does not have.
    fine = np.diff(antennas, axis=1, append=3) > 0
    ordered = np.asarray(fine.all(axis=1))
    antennas[~ordered] = -1
    order[~ordered] = np.arange(num_rx)
    csi = np.take_along_axis(csi, order[:, :, None, None], axis=1)
    return Intel5300Packets(
        csi=csi,
        t_us=header["t_us"].astype(np.int64),
        rssi=header["rssi"].astype(np.int64),
        noise=header["noise"].astype(np.int64),
        agc=header["agc"].astype(np.int64),
        ht40=(header["rate"] & _HT40) > 0,
        ordered=ordered,
        antennas=antennas,
        number=rows,
    )


# Two bits for each receive chain of the record say which antenna it had.
_SHIFTS = np.array([0, 2, 4])


def unpack_csi(payload: np.ndarray, num_rx: int, num_tx: int) -> np.ndarray:
    """Unpack the bits of packed channels.

    For each subcarrier 3 bits are skipped; then come, for each receive antenna and for
    each transmit stream in it, 8 bits of the real and 8 of the imaginary part, in two's
    complement, the lowest bit first.

    Parameters
    ----------
    payload : [num_packets, packed_length(num_rx, num_tx)], uint8
        The packed bytes.
    num_rx, num_tx
        Antennas of these packets.

    Returns
    -------
    csi : [num_packets, num_rx, num_tx, 30], complex64
        In the antenna order of the record.
    """
    num_links = num_rx * num_tx
    values = np.arange(NUM_SUBCARRIERS * num_links * 2)
    bit = 8 * values + 3 * (values // (2 * num_links) + 1)
    # A value ends in the byte after the one it starts in, or just before it.
    padded = np.pad(payload, ((0, 0), (0, 1))).astype(np.uint16)
    pair = padded[:, bit // 8] | padded[:, bit // 8 + 1] << 8
    parts = (pair >> (bit % 8).astype(np.uint16)).astype(np.uint8).view(np.int8)
    parts = parts.reshape(-1, NUM_SUBCARRIERS, num_rx, num_tx, 2).astype(np.float32)
    csi = parts[..., 0] + 1j * parts[..., 1]
    return np.ascontiguousarray(np.moveaxis(csi, 1, -1), dtype=np.complex64)


def rx_power_dbm(rssi: np.ndarray, agc: np.ndarray) -> np.ndarray:
    """Return the received power in dBm: the antennas' powers added, the gain undone.

    Parameters
    ----------
    rssi : [num_packets, 3]
        Relative power in dB, 0 where an antenna was off.
    agc : [num_packets]
        Gain in dB.

    Returns
    -------
    [num_packets], float64
        -inf where all antennas were off.
    """
    rssi = np.asarray(rssi, float)
    total = np.sum(np.where(rssi == 0, 0.0, from_db(rssi)), axis=-1)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(total) - _RSSI_OFFSET_DB - np.asarray(agc, float)


def noise_dbm(noise: np.ndarray) -> np.ndarray:
    """Return the noise power in dBm, -92 where the card reports -127, not measured."""
    noise = np.asarray(noise, float)
    return np.where(noise == _UNKNOWN_NOISE, _DEFAULT_NOISE_DBM, noise)


def has_power(csi: np.ndarray, rssi: np.ndarray) -> np.ndarray:
    """Return which packets have power in both ``csi`` and ``rssi``, [num_packets]."""
    return (csi != 0).any(axis=(1, 2, 3)) & (np.asarray(rssi) != 0).any(axis=-1)


def undo_gain_control(csi: np.ndarray, rssi: np.ndarray, agc: np.ndarray) -> np.ndarray:
    """Scale reported channels to absolute power.

    Parameters
    ----------
    csi : [num_packets, num_rx, num_tx, num_subcarriers], complex
        As reported.
    rssi, agc
        As in :func:`rx_power_dbm`.

    Returns
    -------
    h : [num_packets, num_rx, num_tx, num_subcarriers], complex64
        In square roots of a milliwatt: |h|^2 summed over the antennas and averaged over
        the subcarriers is the received power.

    Raises
    ------
    ValueError
        If a packet has no power, in ``csi`` or in ``rssi``.
    """
    loud = has_power(csi, rssi)
    if not loud.all():
        raise ValueError(
            f"csi and rssi must have power, packet {int(np.argmin(loud))} of "
            f"{len(loud)} has none: its gain is undefined."
        )
    scale = np.sqrt(from_db(rx_power_dbm(rssi, agc)) / _reported_power(csi))
    return (csi * scale[:, None, None, None]).astype(np.complex64)


def scale_to_noise(
    csi: np.ndarray, rssi: np.ndarray, agc: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """Scale reported channels to unit noise, as the CSI tool's ``get_scaled_csi``.

    The noise is thermal noise plus that of the 8-bit quantisation, whose variance is
    taken as one squared step for each link. Streams share the transmit power; each is
    scaled up to all of it: 3 dB for two streams, 4.5 dB for three (the rounding
    of the card's firmware, says the tool).

    Parameters
    ----------
    csi : [num_packets, num_rx, num_tx, num_subcarriers], complex
        As reported.
    rssi, agc, noise
        As in :class:`Intel5300Packets`.

    Returns
    -------
    h : [num_packets, num_rx, num_tx, num_subcarriers], complex64
        |h|^2 is a signal-to-noise ratio.
    """
    num_rx, num_tx = csi.shape[1:3]
    h = undo_gain_control(csi, rssi, agc)
    step = from_db(rx_power_dbm(rssi, agc)) / _reported_power(csi)
    total_noise = from_db(noise_dbm(noise)) + step * num_rx * num_tx
    share = {1: 1.0, 2: 2.0, 3: 10**0.45}[num_tx]
    return h * np.sqrt(share / total_noise)[:, None, None, None].astype(np.float32)


def _reported_power(csi: np.ndarray) -> np.ndarray:
    """Return |csi|^2, summed over the antennas and averaged over the subcarriers."""
    return np.mean(np.sum(np.abs(csi.astype(np.complex128)) ** 2, axis=(1, 2)), axis=-1)
