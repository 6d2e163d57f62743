"""The Wi-Fi recordings of iVANET-PolyU, an office over 27 days."""

from pathlib import Path

import numpy as np

from commgen.datasets._arrays import load_npz
from commgen.datasets.channel_meta import ChannelMeta
from commgen.datasets.intel5300 import (
    Intel5300Packets,
    noise_dbm,
    read_intel5300,
    rx_power_dbm,
    undo_gain_control,
)
from commgen.datasets.source import Source

ARCHIVE = "polyu_csi_3x2x30.npz"
KINDS = {
    "day": "int",
    "period": "int",
    "loc": "int",
    "t_us": "int",
    "rx_power_dbm": "float",
    "noise_dbm": "float",
}
# 40 MHz, 802.11n grouping of 4: subcarriers -58, -54, ..., 58 of 312.5 kHz.
SUBCARRIER_SPACING_HZ = 4 * 312.5e3
_POWER = (
    "gain control undone with rssi and agc: |h|^2 summed over the antennas and "
    "averaged over the subcarriers is the received power in milliwatts"
)
_DESCRIPTION = (
    "30 groups of subcarriers, every 4th from -58 to 58 of 312.5 kHz, so the middle "
    "one (index 15) is subcarrier 2. The phase holds each packet's sampling offset. "
    "Transmit antennas are streams, with the transmitter's spatial mapping."
)


def open_polyu(folder: str | Path) -> Source:
    """Open the recordings for :func:`~commgen.datasets.import_source`.

    Channels are [num_packets, 3, 2, 1, 30]; labels are ``day`` (2 to 28), ``period``,
    ``loc`` (position, 1 to 8), ``t_us``, ``rx_power_dbm`` and ``noise_dbm``.

    Parameters
    ----------
    folder
        Where ``polyu_csi_3x2x30.npz`` lies.

    Raises
    ------
    ValueError, OSError
        If the archive is missing, damaged, or of other shapes.
    """
    csi, t_us, rssi, noise, agc, day, period, loc = load_npz(
        Path(folder) / ARCHIVE,
        {
            "csi": (3, 2, 30, 2),
            "t_us": (),
            "rssi": (3,),
            "noise": (),
            "agc": (),
            "day": (),
            "period": (),
            "loc": (),
        },
    )

    def read(rows: np.ndarray) -> np.ndarray:
        parts = csi[rows].astype(np.float32)
        h = undo_gain_control(parts[..., 0] + 1j * parts[..., 1], rssi[rows], agc[rows])
        return h[:, :, :, None, :]

    values = (day, period, loc, t_us, rx_power_dbm(rssi, agc), noise_dbm(noise))
    return Source(
        meta=_meta(
            scenario="office, 8 positions, 27 days",
            source="iVANET-PolyU/CSI_IPS_2020-21",
            licence="MIT, (c) 2024 iVANET-PolyU",
        ),
        shape=(len(csi), 3, 2, 1, 30),
        read=read,
        labels=dict(zip(KINDS, values, strict=True)),
        kinds=KINDS,
        normalise="packet",
    )


def open_intel5300(
    path: str | Path, num_rx: int | None = None, *, drop_partial: bool = False
) -> Source:
    """Open a raw Intel 5300 log: the packets of its most frequent antenna count.

    Labels are ``t_us``, ``rx_power_dbm`` and ``noise_dbm``.

    Parameters
    ----------
    path
        Log of the CSI tool, of 40 MHz packets.
    num_rx
        Take packets of this many receive antennas only.
    drop_partial
        As in :func:`~commgen.datasets.read_intel5300`.

    Raises
    ------
    ValueError
        If the log is damaged, or has packets of 20 MHz: their 30 subcarriers are not
        evenly spaced.
    """
    groups = read_intel5300(path, drop_partial=drop_partial)
    groups = {k: v for k, v in groups.items() if num_rx in (None, k[0])}
    if not groups:
        raise ValueError(f"{path} has no packet of {num_rx} receive antennas.")
    packets: Intel5300Packets = max(groups.values(), key=len)
    if not packets.ht40.all():
        raise ValueError(
            f"{path} has packets of 20 MHz; a channel file needs evenly spaced "
            "subcarriers, which the card reports at 40 MHz only."
        )

    def read(rows: np.ndarray) -> np.ndarray:
        h = undo_gain_control(packets.csi[rows], packets.rssi[rows], packets.agc[rows])
        return h[:, :, :, None, :]

    power = rx_power_dbm(packets.rssi, packets.agc)
    kinds = {name: KINDS[name] for name in ("t_us", "rx_power_dbm", "noise_dbm")}
    values = (packets.t_us, power, noise_dbm(packets.noise))
    return Source(
        meta=_meta(source=f"Intel 5300 log {Path(path).name}"),
        shape=(*packets.csi.shape[:3], 1, packets.csi.shape[3]),
        read=read,
        labels=dict(zip(kinds, values, strict=True)),
        kinds=kinds,
        normalise="packet",
    )


def _meta(
    *, source: str, scenario: str = "not stated", licence: str = "not stated"
) -> ChannelMeta:
    return ChannelMeta(
        domain="frequency",
        subcarrier_spacing_hz=SUBCARRIER_SPACING_HZ,
        bandwidth_hz=40e6,
        rx_antennas="antennas A, B, C of an Intel Wi-Fi Link 5300",
        tx_antennas="streams of the transmitter, as spatially mapped",
        normalisation=_POWER,
        description=_DESCRIPTION,
        scenario=scenario,
        source=source,
        licence=licence,
    )
