"""The Wi-Fi recordings of iVANET-PolyU, an office over 27 days."""

from pathlib import Path

import numpy as np

from commgen.datasets._arrays import load_npz
from commgen.datasets.channel_meta import ChannelMeta
from commgen.datasets.intel5300 import noise_dbm, rx_power_dbm, undo_gain_control
from commgen.datasets.intel5300_log import GRID_40MHZ, POWER, SPACING_40MHZ_HZ
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
        If the archive is missing, damaged, of other shapes, or a packet has no power.
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

    loud = csi.any(axis=(1, 2, 3, 4)) & rssi.any(axis=1)
    if not loud.all():
        raise ValueError(
            f"{Path(folder) / ARCHIVE} must hold packets with power, packet "
            f"{int(np.argmin(loud))} has none."
        )

    def read(rows: np.ndarray) -> np.ndarray:
        parts = csi[rows].astype(np.float32)
        h = undo_gain_control(parts[..., 0] + 1j * parts[..., 1], rssi[rows], agc[rows])
        return h[:, :, :, None, :]

    values = (day, period, loc, t_us, rx_power_dbm(rssi, agc), noise_dbm(noise))
    return Source(
        meta=_META,
        shape=(len(csi), 3, 2, 1, 30),
        read=read,
        labels=dict(zip(KINDS, values, strict=True)),
        kinds=KINDS,
        normalise="packet",
    )


_META = ChannelMeta(
    domain="frequency",
    subcarrier_spacing_hz=SPACING_40MHZ_HZ,
    bandwidth_hz=40e6,
    rx_antennas="antennas A, B, C of an Intel Wi-Fi Link 5300",
    tx_antennas="streams of the transmitter, as spatially mapped",
    normalisation=POWER,
    description=GRID_40MHZ,
    scenario="office, 8 positions, 27 days",
    source="iVANET-PolyU/CSI_IPS_2020-21",
    licence="MIT, (c) 2024 iVANET-PolyU",
)
