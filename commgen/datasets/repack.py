"""From what the authors published to the archives that the importers read.

The archives of the catalogue are subsets of large repositories; these functions make
them again from a clone, array by array the same.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from commgen._files.inputs import read_input
from commgen._files.npz import write_npz
from commgen._progress import progress_bar
from commgen.datasets import polyu, uwb
from commgen.datasets.intel5300 import read_intel5300

_PACKETS = 120  # of each log
_RESPONSES = 60  # of each log
_UWB_LOGS = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 18, 19, 20, 21, 22, 25]
_UWB_LOGS += [27, 29, 33, 34, 35, 36, 37, 40, 42, 43, 44, 46, 48, 51, 52, 56]
_LOG_NAME = re.compile(r"d(\d\d)_p(\d\d)_l(\d\d)\.dat")


def repack(
    name: str, clone: str | Path, folder: str | Path, *, made: str | None = None
) -> Path:
    """Make the archive of a set from a clone of its repository.

    Parameters
    ----------
    name
        Name of the set: "wifi_polyu_mimo" or "uwb_apartment_cir".
    clone
        The repository, at the commit that the card names.
    folder
        Where the archive goes, under the name the importer looks for.
    made
        As of :func:`~commgen._files.npz.write_npz`.

    Returns
    -------
    Path
        The archive.

    Raises
    ------
    ValueError
        If the set needs no repacking, or the clone has no logs or damaged ones.
    """
    path = Path(folder) / archive_of(name)
    arrays = _PACKERS[name][1](Path(clone))
    write_npz(path, arrays, compressed=True, made=made)
    return path


def archive_of(name: str) -> str:
    """Return the file name of a set's archive, or raise if it needs no repacking."""
    if name not in _PACKERS:
        raise ValueError(f"name must be one of {sorted(_PACKERS)}, got {name!r}.")
    return _PACKERS[name][0]


def logs_of(name: str, clone: str | Path) -> list[Path]:
    """Return the logs in a clone that the archive of a set is made from."""
    archive_of(name)
    return _LOGS[name](Path(clone))


def _polyu_logs(clone: Path) -> list[Path]:
    return sorted((clone / "01_rawdata").glob("d*/d*_p0[12]_l*.dat"))


def _uwb_logs(clone: Path) -> list[Path]:
    found = {path.stem: path for path in (clone / "results").glob("*.log")}
    return [found[name] for name in sorted(map(str, _UWB_LOGS)) if name in found]


def pack_polyu(clone: Path) -> dict[str, np.ndarray]:
    """Take the first 120 packets of 3 x 2 antennas of each log of periods 1 and 2."""
    logs = _polyu_logs(clone)
    blocks: list[dict[str, np.ndarray]] = []
    with progress_bar("packing", len(logs) or None, unit="logs") as advance:
        for path in logs:
            match = _LOG_NAME.fullmatch(path.name)
            packets = read_intel5300(path, drop_partial=True, strict=True).get((3, 2))
            if match is None or packets is None or len(packets) < _PACKETS:
                raise ValueError(f"{path} must hold {_PACKETS} packets of 3 x 2.")
            csi = packets.csi[:_PACKETS].view(np.float32)
            block = {
                "csi": csi.reshape(_PACKETS, 3, 2, -1, 2).astype(np.int8),
                "t_us": packets.t_us[:_PACKETS].astype(np.uint32),
                "rssi": packets.rssi[:_PACKETS].astype(np.uint8),
                "noise": packets.noise[:_PACKETS].astype(np.int8),
                "agc": packets.agc[:_PACKETS].astype(np.uint8),
            }
            for key, text in zip(("day", "period", "loc"), match.groups(), strict=True):
                block[key] = np.full(_PACKETS, int(text), np.uint8)
            blocks.append(block)
            advance()
    return _join(blocks, clone)


def pack_uwb(clone: Path) -> dict[str, np.ndarray]:
    """Take the first 60 impulse responses of 36 of the 57 logs, ordered as text."""
    logs = _uwb_logs(clone)
    blocks = []
    with progress_bar("packing", len(logs) or None, unit="logs") as advance:
        for path in logs:
            blocks.append(_read_uwb_log(path))
            advance()
    return _join(blocks, clone)


def _read_uwb_log(path: Path) -> dict[str, np.ndarray]:
    """Read a log of DecaRanging: lines "RX OK ...", "Accum Len 1016", 1016 "re, im".

    A response whose "RX OK" line is unlike the others takes the numbers before it.
    """
    lines = read_input(path).decode("latin-1").splitlines()
    try:
        rows = _responses(lines, int(path.stem))
        columns = _columns(rows) if len(rows) == _RESPONSES else {}
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    if not columns:
        raise ValueError(f"{path} must hold {_RESPONSES} responses, got {len(rows)}.")
    return columns


def _responses(lines: list[str], config: int) -> list[tuple]:
    """Return the first responses of a log, a row each."""
    rows: list[tuple] = []
    distance = np.nan  # of the last ranging before the response
    header = None
    for index, line in enumerate(lines):
        if found := re.search(r"Dist: ([\d.]+) m", line):
            distance = float(found[1])
        header = _header(line) or header
        if not line.startswith("Accum Len 1016") or len(rows) == _RESPONSES:
            continue
        taps = lines[index + 1 : index + 1 + uwb.NUM_TAPS]
        cir = np.array([tap.split(",") for tap in taps], np.int16)
        if header is not None:
            rows.append((cir, config, distance, *header))
    return rows


def _columns(rows: list[tuple]) -> dict[str, np.ndarray]:
    names = ("cir", "config", "dist_m", "first_path", "noise_thr", "rsl_dbm", "fsl_dbm")
    kinds = ("i2", "u1", "f4", "f4", "u2", "f4", "f4")
    columns = zip(names, kinds, zip(*rows, strict=True), strict=True)
    return {name: np.array(column, kind) for name, kind, column in columns}


def _header(line: str) -> tuple | None:
    """Return first path, noise threshold and powers of a "RX OK" line."""
    found = [re.search(rf"{key}\(([-\w.]+)\)", line) for key in _HEADER_KEYS]
    if any(item is None for item in found):
        return None
    first_path, threshold, rsl, fsl = (item[1] for item in found if item)
    return float(first_path), int(threshold, 16), float(rsl), float(fsl)


_HEADER_KEYS = ("HLP", "NTH", "RSL", "FSL")
_PACKERS: Mapping[str, tuple[str, Callable[[Path], dict[str, np.ndarray]]]] = {
    "wifi_polyu_mimo": (polyu.ARCHIVE, pack_polyu),
    "uwb_apartment_cir": (uwb.ARCHIVE, pack_uwb),
}
_LOGS: Mapping[str, Callable[[Path], list[Path]]] = {
    "wifi_polyu_mimo": _polyu_logs,
    "uwb_apartment_cir": _uwb_logs,
}


def _join(blocks: list[dict[str, np.ndarray]], clone: Path) -> dict[str, np.ndarray]:
    if not blocks:
        raise ValueError(f"{clone} holds no logs of this set.")
    return {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}
