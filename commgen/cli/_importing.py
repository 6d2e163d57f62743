"""What ``commgen datasets import`` opens: a set, a log, an array; and its options."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import commgen.datasets as sets
from commgen._files.whole import shown
from commgen.datasets.card import Card

# Options of a plain array, and of a log; the others are for all.
_PLAIN = (
    "array",
    "axes",
    "subcarrier_spacing_hz",
    "sample_rate_hz",
    "time_step_s",
    "carrier_hz",
)
_LOG = ("drop_partial", "strict", "num_rx")
# What a channel of any wave can have, from tides to light.
_RANGES = {
    "subcarrier_spacing_hz": (1e-3, 1e12),
    "sample_rate_hz": (1e-3, 1e15),
    "time_step_s": (1e-15, 1e9),
    "carrier_hz": (1e-3, 1e15),
}


def open_recording(name: str, options: Mapping[str, Any]) -> tuple[Any, Card | None]:
    """Open a set of the catalogue or a file.

    Parameters
    ----------
    name
        Of the set, or of the file.
    options
        Of the command; those that do not belong to this kind of recording must be
        None or False.

    Returns
    -------
    source : Source
    card : Card or None
        That of a set.

    Raises
    ------
    ValueError, OSError
        If there is no such thing, it is damaged, or an option does not fit.
    """
    cards = sets.catalogue()
    if name in cards:
        _refuse(options, _PLAIN, ".npz, .npy and .mat files")
        _refuse(options, _LOG, "Intel 5300 logs")
        return sets.open_set(cards[name]), cards[name]
    path = Path(name)
    if not path.exists():
        raise FileNotFoundError(f"{path} is neither a file nor one of {sorted(cards)}.")
    if options["part"] != "all":
        raise ValueError(f"part must be all for a file, got {options['part']}.")
    if sets.kind_of_file(path) == "intel5300":
        _refuse(options, _PLAIN, ".npz, .npy and .mat files")
        return sets.open_intel5300(path, **{key: options[key] for key in _LOG}), None
    _refuse(options, _LOG, "Intel 5300 logs")
    return _open_plain(path, options), None


def _open_plain(path: Path, options: Mapping[str, Any]) -> Any:
    rate = options["sample_rate_hz"]
    if (options["subcarrier_spacing_hz"] is None) == (rate is None):
        raise ValueError(
            "a plain array needs --subcarrier-spacing-hz (its last axis is "
            "subcarriers) or --sample-rate-hz (taps), one of the two."
        )
    units: dict[str, Any] = {name: _check_unit(name, options[name]) for name in _RANGES}
    domain = "frequency" if rate is None else "delay"
    meta = sets.ChannelMeta(domain=domain, source=f"array of {shown(path)}", **units)
    axes = options["axes"]
    if axes is not None:
        axes = [name.strip() for name in axes.split(",")]
    source = sets.open_plain(path, meta, options["array"], axes=axes)
    told = meta.model_copy(update={"description": f"{source.notes[0]}."})
    return replace(source, meta=told)


def _check_unit(name: str, value: float | None) -> float | None:
    low, high = _RANGES[name]
    if value is not None and not 0 < value < float("inf"):
        raise ValueError(f"{name} must be finite and above 0, got {value}.")
    if value is not None and not low <= value <= high:
        raise ValueError(f"{name} must be from {low:g} to {high:g}, got {value}.")
    return value


def _refuse(options: Mapping[str, Any], names: tuple[str, ...], what: str) -> None:
    for name in names:
        if options[name] not in (None, False):
            option = "--" + name.replace("_", "-")
            raise ValueError(f"{option} is for {what} only, got {options[name]}.")
