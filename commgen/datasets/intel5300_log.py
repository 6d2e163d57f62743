"""A log of the Intel 5300 CSI tool as channels: packets of one kind, on one grid."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from commgen.datasets._intel5300_grid import SUBCARRIER_HZ, to_even_grid
from commgen.datasets.channel_meta import ChannelMeta
from commgen.datasets.intel5300 import (
    Intel5300Packets,
    has_power,
    noise_dbm,
    read_intel5300,
    rx_power_dbm,
    undo_gain_control,
)
from commgen.datasets.source import Source

KINDS = {
    "t_us": "int",
    "rx_power_dbm": "float",
    "noise_dbm": "float",
    "antennas": "str",
}
# 40 MHz, 802.11n grouping of 4: subcarriers -58, -54, ..., 58 of 312.5 kHz.
SPACING_40MHZ_HZ = 4 * SUBCARRIER_HZ
POWER = (
    "gain control undone with rssi and agc: |h|^2 summed over the antennas and "
    "averaged over the subcarriers is the received power in milliwatts"
)
_STREAMS = (
    "The phase holds each packet's sampling offset. "
    "Transmit antennas are streams, with the transmitter's spatial mapping."
)
GRID_40MHZ = (
    "30 groups of subcarriers, every 4th from -58 to 58 of 312.5 kHz, so the middle "
    f"one (index 15) is subcarrier 2. {_STREAMS}"
)
_GRID_20MHZ = (
    "Every 2nd subcarrier from -28 to 28 of 312.5 kHz: those below 0, and 28, as "
    "reported, the 14 others interpolated from the 30 reported, which are not even. "
    f"{_STREAMS}"
)
_UNKNOWN = "?"  # label of a packet that does not say which antennas it has
_SHOWN = 5


def open_intel5300(
    path: str | Path,
    num_rx: int | None = None,
    *,
    drop_partial: bool = False,
    strict: bool = False,
) -> Source:
    """Open a raw Intel 5300 log: the packets of its most frequent kind.

    A kind is a number of receive antennas, of streams, and a bandwidth; among equally
    frequent ones it is the larger. Packets of other kinds, and such without power, are
    left out; the source's ``notes`` and its description say how many.

    Channels of 40 MHz are as reported, [num_packets, num_rx, num_tx, 1, 30]. The 30
    subcarriers of 20 MHz are no even grid: channels are interpolated onto 29 that are.
    Labels are ``t_us``, ``rx_power_dbm``, ``noise_dbm`` and ``antennas``: which receive
    antennas of the card these are, such as "AC", or "?" where the packet does not say.

    Parameters
    ----------
    path
        Log of the CSI tool.
    num_rx
        Take packets of this many receive antennas only.
    drop_partial
        As in :func:`~commgen.datasets.read_intel5300`.
    strict
        Whether to refuse a log of which something would be left out.

    Raises
    ------
    ValueError
        If the log is damaged or has no packet with power, and where ``strict``.
    """
    log = read_intel5300(path, drop_partial=drop_partial, strict=strict)
    packets, silent, others = _of_one_kind(log.values(), num_rx, path)
    total = sum(map(len, log.values()))
    told = [*_silent(silent, total), *_others(others, packets, total)]
    if strict and told:
        raise ValueError(
            f"{path} must hold packets of one kind with power to be strict, got "
            f"{told[0]}."
        )
    left_out = "; ".join([*told, *log.left_out])
    notes = [f"left out {left_out}"] if left_out else []
    wide = bool(packets.ht40[0])
    if not wide:
        notes.append("20 MHz: interpolated onto an even grid of 29 subcarriers")
    antennas = _letters(packets)

    def read(rows: np.ndarray) -> np.ndarray:
        h = undo_gain_control(packets.csi[rows], packets.rssi[rows], packets.agc[rows])
        return (h if wide else to_even_grid(h))[:, :, :, None, :]

    power = rx_power_dbm(packets.rssi, packets.agc)
    values = (packets.t_us, power, noise_dbm(packets.noise), antennas)
    return Source(
        meta=_meta(Path(path).name, wide, _in_words(antennas), left_out),
        shape=(*packets.csi.shape[:3], 1, 30 if wide else 29),
        read=read,
        labels=dict(zip(KINDS, values, strict=True)),
        kinds=KINDS,
        normalise="packet",
        notes=(*notes, f"receive antennas: {_in_words(antennas)}"),
    )


def _of_one_kind(
    groups: Iterable[Intel5300Packets], num_rx: int | None, path: str | Path
) -> tuple[Intel5300Packets, list[int], Counter[str]]:
    """Return the most frequent kind, the packets without power, and other kinds."""
    silent: list[int] = []
    kinds = []
    for group in groups:
        loud = has_power(group.csi, group.rssi)
        silent += group.number[~loud].tolist()
        for wide in (False, True):
            kinds.append(group.take(np.flatnonzero(loud & (group.ht40 == wide))))
    kinds = [kind for kind in kinds if len(kind)]
    wanted = [kind for kind in kinds if num_rx in (None, kind.csi.shape[1])]
    if not wanted:
        what = "with power" if num_rx is None else f"of {num_rx} receive antennas"
        raise ValueError(f"{path} has no packet {what}.")
    best = max(
        wanted, key=lambda kind: (len(kind), bool(kind.ht40[0]), kind.csi.shape[1:])
    )
    others = {_name(kind): len(kind) for kind in kinds if kind is not best}
    return best, sorted(silent), Counter(others)


def _name(packets: Intel5300Packets) -> str:
    num_rx, num_tx = packets.csi.shape[1:3]
    return f"{num_rx} x {num_tx} at {40 if packets.ht40[0] else 20} MHz"


def _silent(numbers: list[int], total: int) -> list[str]:
    if not numbers:
        return []
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    shown += ", ..." if len(numbers) > _SHOWN else ""
    return [f"{len(numbers)} of {total} packets without power (number {shown})"]


def _others(others: Counter[str], packets: Intel5300Packets, total: int) -> list[str]:
    if not others:
        return []
    kinds = ", ".join(f"{count} of {name}" for name, count in others.most_common())
    return [
        f"{others.total()} of {total} packets of other antennas or bandwidth than the "
        f"most frequent, {_name(packets)}: {kinds}"
    ]


def _letters(packets: Intel5300Packets) -> np.ndarray:
    """Return the receive antennas of each packet, such as "AC"."""
    letters = np.array([*"ABC", ""])[packets.antennas]
    names = ["".join(row) or _UNKNOWN for row in letters.tolist()]
    return np.array(names)


def _in_words(antennas: np.ndarray) -> str:
    found = Counter(antennas.tolist())
    words = {
        name: "not known in which order" if name == _UNKNOWN else ", ".join(name)
        for name in found
    }
    if len(found) == 1:
        return next(iter(words.values()))
    counts = [f"{words[name]} in {count}" for name, count in found.most_common()]
    return "; ".join(counts) + " (label antennas)"


def _meta(name: str, wide: bool, antennas: str, left_out: str) -> ChannelMeta:
    told = f" Left out: {left_out}." if left_out else ""
    return ChannelMeta(
        domain="frequency",
        subcarrier_spacing_hz=SPACING_40MHZ_HZ if wide else 2 * SUBCARRIER_HZ,
        bandwidth_hz=40e6 if wide else 20e6,
        rx_antennas=f"antennas of an Intel Wi-Fi Link 5300: {antennas}",
        tx_antennas="streams of the transmitter, as spatially mapped",
        normalisation=POWER,
        description=(GRID_40MHZ if wide else _GRID_20MHZ) + told,
        source=f"Intel 5300 log {name}",
    )
