"""Raw logs of the Intel 5300 CSI tool.

The tool (Halperin, Hu, Sheth and Wetherall, "Tool release: gathering 802.11n traces
with channel state information", ACM SIGCOMM CCR 41(1), 2011) makes the firmware of an
Intel Wi-Fi Link 5300 report the channel of each received packet: 8-bit real and
imaginary parts on 30 groups of subcarriers, for every transmit stream and receive
antenna, scaled by the receiver's gain control. A log is a chain of records: a 16-bit
big-endian length, a code (0xBB), and that many bytes less one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from commgen.measures.decibel import from_db

NUM_SUBCARRIERS = 30
_CODE = 0xBB
_HEADER = 20  # bytes of a record before the packed channel
_HT40 = 0x800  # flag of a 40 MHz packet in the rate word (Linux, iwlwifi)
# Noise of the receiver in dBm, taken where the card reports -127: not measured.
_DEFAULT_NOISE_DBM = -92.0
_UNKNOWN_NOISE = -127
# RSSI words count from here: power in dBm = rssi - agc - 44 (CSI tool).
_RSSI_OFFSET_DB = 44.0

_FIELDS = {  # name: type, offset
    "t_us": ("<u4", 0),
    "num_rx": ("u1", 8),
    "num_tx": ("u1", 9),
    "rssi": (("u1", 3), 10),
    "noise": ("i1", 13),
    "agc": ("u1", 14),
    "antennas": ("u1", 15),
    "length": ("<u2", 16),
    "rate": ("<u2", 18),
}
_RECORD = np.dtype(
    {
        "names": list(_FIELDS),
        "formats": [kind for kind, _ in _FIELDS.values()],
        "offsets": [offset for _, offset in _FIELDS.values()],
        "itemsize": _HEADER,
    }
)


@dataclass(frozen=True)
class Intel5300Packets:
    """Packets of one log that have the same number of antennas.

    Parameters
    ----------
    csi : [num_packets, num_rx, num_tx, 30], complex64
        As reported: whole numbers, scaled by the gain control. Receive antennas are in
        the order A, B, C wherever ``ordered`` says so. "Transmit antenna" is a stream,
        with whatever spatial mapping the transmitter applied.
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
        Whether the antenna order of the record was usable.
    """

    csi: np.ndarray
    t_us: np.ndarray
    rssi: np.ndarray
    noise: np.ndarray
    agc: np.ndarray
    ht40: np.ndarray
    ordered: np.ndarray

    def __len__(self) -> int:
        return len(self.csi)


def read_intel5300(
    path: str | Path, *, drop_partial: bool = False
) -> dict[tuple[int, int], Intel5300Packets]:
    """Read a raw ``.dat`` log.

    Parameters
    ----------
    path
        Log of the CSI tool.
    drop_partial
        Whether to leave out a last record that was cut off, as it happens where a
        recording is stopped. By default that is an error.

    Returns
    -------
    dict
        ``(num_rx, num_tx)`` to the packets of that kind, in the order received.

    Raises
    ------
    ValueError
        If the log is empty, truncated, or holds an impossible record; the message
        names the byte offset of the record.
    """
    path = Path(path)
    data = path.read_bytes()
    bodies, size = _bodies(data, path, drop_partial)
    raw = np.frombuffer(data, np.uint8)
    header = raw[bodies[:, None] + np.arange(_HEADER)].copy().view(_RECORD)[:, 0]
    _check_headers(header, bodies, size, path)
    kinds = np.stack([header["num_rx"], header["num_tx"]], axis=1)
    groups = {}
    for num_rx, num_tx in np.unique(kinds, axis=0).tolist():
        rows = np.flatnonzero((kinds == (num_rx, num_tx)).all(axis=1))
        payload = (
            bodies[rows, None] + _HEADER + np.arange(packed_length(num_rx, num_tx))
        )
        groups[num_rx, num_tx] = _packets(header[rows], raw[payload], num_rx, num_tx)
    return groups


def packed_length(num_rx: int, num_tx: int) -> int:
    """Return the bytes of a packed channel: 3 bits ahead of each subcarrier."""
    return (NUM_SUBCARRIERS * (3 + 16 * num_rx * num_tx) + 7) // 8


def _bodies(data: bytes, path: Path, drop_partial: bool) -> tuple[np.ndarray, int]:
    """Return the offset of each record's body, and where the last one ends."""
    if not data:
        raise ValueError(f"{path} is empty, not a log of the Intel 5300 CSI tool.")
    bodies, offset = [], 0
    while offset < len(data):
        length = int.from_bytes(data[offset : offset + 2], "big")
        if offset + 2 + length > len(data) or len(data) - offset < 3:
            if drop_partial and bodies:
                break
            raise ValueError(
                f"{path} is truncated: the record at byte {offset} needs {length + 2} "
                f"bytes, {len(data) - offset} are left."
            )
        code = data[offset + 2]
        if code != _CODE:
            raise ValueError(
                f"{path} has no CSI record at byte {offset}: its code must be "
                f"0x{_CODE:02x}, got 0x{code:02x}."
            )
        if length < _HEADER + 1:
            raise ValueError(
                f"{path} has an impossible record at byte {offset}: its length must be "
                f"at least {_HEADER + 1}, got {length}."
            )
        bodies.append(offset + 3)
        offset += 2 + length
    return np.array(bodies, dtype=np.int64), offset


def _check_headers(
    header: np.ndarray, bodies: np.ndarray, size: int, path: Path
) -> None:
    num_rx, num_tx = header["num_rx"].astype(int), header["num_tx"].astype(int)
    impossible = (num_rx < 1) | (num_rx > 3) | (num_tx < 1) | (num_tx > 3)
    if impossible.any():
        k = int(np.argmax(impossible))
        raise ValueError(
            f"{path} has an impossible record at byte {bodies[k] - 3}: antennas must "
            f"be 1 to 3, got {num_rx[k]} receive and {num_tx[k]} transmit."
        )
    length = (NUM_SUBCARRIERS * (3 + 16 * num_rx * num_tx) + 7) // 8
    framed = np.diff(bodies, append=size + 3) - 3 - _HEADER
    wrong = (header["length"] != length) | (framed != length)
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(
            f"{path} has an impossible record at byte {bodies[k] - 3}: a channel of "
            f"{num_rx[k]} x {num_tx[k]} antennas takes {length[k]} bytes, the record "
            f"says {header['length'][k]} and holds {framed[k]}."
        )


def _packets(
    header: np.ndarray, payload: np.ndarray, num_rx: int, num_tx: int
) -> Intel5300Packets:
    csi = unpack_csi(payload, num_rx, num_tx)
    antennas = header["antennas"][:, None] >> np.array([0, 2, 4])[:num_rx] & 3
    ordered = (np.sort(antennas, axis=1) == np.arange(num_rx)).all(axis=1)
    antennas[~ordered] = np.arange(num_rx)
    csi[np.arange(len(csi))[:, None], antennas] = csi.copy()
    return Intel5300Packets(
        csi=csi,
        t_us=header["t_us"].astype(np.int64),
        rssi=header["rssi"].astype(np.int64),
        noise=header["noise"].astype(np.int64),
        agc=header["agc"].astype(np.int64),
        ht40=(header["rate"] & _HT40) > 0,
        ordered=ordered,
    )


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
    power_dbm = rx_power_dbm(rssi, agc)
    power = _reported_power(csi)
    silent = (power == 0) | np.isinf(power_dbm)
    if silent.any():
        raise ValueError(
            f"packet {int(np.argmax(silent))} has no power, its gain is undefined."
        )
    scale = np.sqrt(from_db(power_dbm) / power)
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
    step = from_db(rx_power_dbm(rssi, agc)) / _reported_power(csi)
    total_noise = from_db(noise_dbm(noise)) + step * num_rx * num_tx
    share = {1: 1.0, 2: 2.0, 3: 10**0.45}[num_tx]
    h = undo_gain_control(csi, rssi, agc)
    return h * np.sqrt(share / total_noise)[:, None, None, None].astype(np.float32)


def _reported_power(csi: np.ndarray) -> np.ndarray:
    """Return |csi|^2, summed over the antennas and averaged over the subcarriers."""
    return np.mean(np.sum(np.abs(csi.astype(np.complex128)) ** 2, axis=(1, 2)), axis=-1)
