"""The ultra-wideband impulse responses of Kolakowski and Modelski, a furnished flat."""

import csv
from pathlib import Path

import numpy as np

from commgen._files.inputs import check_input
from commgen.datasets._arrays import load_npz
from commgen.datasets.channel_meta import ChannelMeta
from commgen.datasets.source import Source

ARCHIVE = "uwb_cir.npz"
LABELS = "labels.csv"
NUM_TAPS = 1016
# Taps of the DW1000 are half a period of its 499.2 MHz clock apart (user manual, 7.2).
SAMPLE_RATE_HZ = 2 * 499.2e6
KINDS = {
    "config": "int",
    "distance_m": "float",
    "los": "bool",
    "path": "str",
    "first_path": "float",
    "rsl_dbm": "float",
    "fsl_dbm": "float",
}
_PATHS = {"LOS": "LOS", "NLOS": "NLOS", "NDP NLOS": "NDP"}


def open_uwb(folder: str | Path) -> Source:
    """Open the recordings for :func:`~commgen.datasets.import_source`.

    Channels are [num_samples, 1, 1, 1, 1016] taps. Labels are ``config`` (which pair of
    positions), ``distance_m`` (NaN where the ranging failed), ``los``, ``path`` ("LOS",
    "NLOS", or "NDP" where even the direct path is missing), ``first_path`` (in taps, as
    the radio found it), ``rsl_dbm`` and ``fsl_dbm`` (received power, whole and first
    path).

    Parameters
    ----------
    folder
        Where ``uwb_cir.npz`` and ``labels.csv`` lie.

    Raises
    ------
    ValueError, OSError
        If a file is missing, damaged, or of other shapes.
    """
    folder = Path(folder)
    cir, config, distance_m, rsl_dbm, fsl_dbm, first_path = load_npz(
        folder / ARCHIVE,
        {
            "cir": (NUM_TAPS, 2),
            "config": (),
            "dist_m": (),
            "rsl_dbm": (),
            "fsl_dbm": (),
            "first_path": (),
        },
    )
    path = _paths(folder / LABELS, config)

    def read(rows: np.ndarray) -> np.ndarray:
        parts = cir[rows].astype(np.float32)
        return (parts[..., 0] + 1j * parts[..., 1])[:, None, None, None, :]

    values = (config, distance_m, path == "LOS", path, first_path, rsl_dbm, fsl_dbm)
    return Source(
        meta=_META,
        shape=(len(cir), 1, 1, 1, NUM_TAPS),
        read=read,
        labels=dict(zip(KINDS, values, strict=True)),
        kinds=KINDS,
        normalise="packet",
    )


def _paths(file: Path, config: np.ndarray) -> np.ndarray:
    check_input(file)
    try:
        with open(file, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        path_of = {int(row["file_id"]): _PATHS[row["label"]] for row in rows}
        return np.array([path_of[int(number)] for number in config])
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise ValueError(
            f"{file} must have the columns file_id and label, a row for each config, "
            f"and the labels {list(_PATHS)}, got {error}."
        ) from error


_META = ChannelMeta(
    domain="delay",
    sample_rate_hz=SAMPLE_RATE_HZ,
    carrier_hz=3993.6e6,  # channel 2, stated in every log
    bandwidth_hz=499.2e6,
    rx_antennas="one, Decawave EVK1000",
    tx_antennas="one, Decawave EVK1000",
    scenario="furnished flat, 36 pairs of positions",
    source="marckolak/uwb-cirs-2018, doi 10.23919/MIKON.2018.8405190",
    licence="CC BY 4.0",
    normalisation=(
        "none: the numbers of the DW1000's accumulator, whose scale differs from "
        "packet to packet; rsl_dbm is the received power"
    ),
    description=(
        "Tap 0 is where the radio's buffer starts, not the start of the signal: the "
        "first path lies near tap 746."
    ),
)
