"""The layout of a channel file: names, kinds of labels, axes, checksum, door checks."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from commgen._checks import check_finite
from commgen.datasets.channel_meta import ChannelMeta
from commgen.datasets.precision import to_single

FORMAT = "commgen-channels"
VERSION = 1
SHAPE = "[num_samples, num_rx_ant, num_tx_ant, num_time_steps, num_subcarriers]"
KINDS: dict[str, type] = {
    "bool": np.bool_,
    "int": np.int64,
    "float": np.float64,
    "str": np.str_,
}
_ACCEPTED = {"bool": "b", "int": "iu", "float": "fiu", "str": "U"}
_CHUNK_BYTES = 2**18  # four chunks fit the smallest default cache of HDF5, 1 MiB
_HDF5_CHUNK_LIMIT = 2**32


def check_kinds(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the declared labels sorted by name, or raise where one is not possible."""
    for name, kind in labels.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(
                "a label's name must be letters, digits and underscores and start "
                f"with a letter, got {name!r}."
            )
        if kind not in KINDS:
            raise ValueError(
                f"label {name} must be one of {list(KINDS)}, got {kind!r}."
            )
    return dict(sorted(labels.items()))


def check_channels(h: Any, meta: ChannelMeta) -> np.ndarray:
    """Return ``h`` as complex64, or raise unless it is a finite channel array.

    Amplitudes that complex64 does not hold are refused, not made 0 or infinity.
    """
    h = np.asarray(h)
    if h.dtype.kind != "c":
        raise TypeError(f"h must be complex, got {h.dtype}.")
    if h.ndim != 5:
        raise ValueError(f"h must be {SHAPE}, got {h.ndim} dimensions {h.shape}.")
    if 0 in h.shape[1:]:
        raise ValueError(f"h must have no axis of length 0, got {h.shape}.")
    if 8 * int(np.prod(h.shape[1:], dtype=object)) >= _HDF5_CHUNK_LIMIT:
        raise ValueError(f"one sample of h must take under 4 GiB, got {h.shape[1:]}.")
    if h.shape[3] > 1 and meta.time_step_s is None:
        raise ValueError(
            f"time_step_s must be given for more than one time step, got {h.shape[3]}."
        )
    check_finite("h", h)
    return to_single(h)


def check_labels(
    labels: Mapping[str, Any] | None, kinds: Mapping[str, str], num_samples: int
) -> dict[str, np.ndarray]:
    """Return one array of ``num_samples`` for each declared label, or raise."""
    labels = {} if labels is None else labels
    declared = f"the file declares {list(kinds)}"
    for name in labels:
        if name not in kinds:
            raise ValueError(f"label {name!r} is unknown; {declared}.")
    for name in kinds:
        if name not in labels:
            raise ValueError(f"label {name!r} is missing; {declared}.")
    return {
        name: _check_label(name, labels[name], kind, num_samples)
        for name, kind in kinds.items()
    }


def _check_label(name: str, value: Any, kind: str, num_samples: int) -> np.ndarray:
    value = np.asarray(value)
    if value.shape != (num_samples,):
        raise ValueError(
            f"label {name} must have one value for each of the {num_samples} samples, "
            f"got shape {value.shape}."
        )
    if num_samples and value.dtype.kind not in _ACCEPTED[kind]:
        raise TypeError(f"label {name} must be {kind}, got {value.dtype}.")
    if kind == "int" and value.size and int(value.max()) > np.iinfo(np.int64).max:
        raise ValueError(f"label {name} must fit into 64 bits, got {value.max()}.")
    with np.errstate(over="ignore"):  # of what is longer than 64 bits
        stored = value.astype(KINDS[kind])
    if kind == "float" and np.isinf(stored).any():
        raise ValueError(f"label {name} must be finite, or NaN where it is not known.")
    if kind == "str":
        _check_text(name, value)
    return stored


def _check_text(name: str, value: np.ndarray) -> None:
    for text in np.unique(value).tolist():
        # HDF5 pads fixed-length text with NUL; surrogates have no UTF-8.
        if "\0" in text or (not text.isascii() and _has_surrogate(text)):
            raise ValueError(f"label {name} must be text without NUL, got {text!r}.")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def axes_of(shape: tuple[int, ...], meta: ChannelMeta) -> dict[str, tuple]:
    """Return name -> (unit, values) of the five axes; counted axes have unit "1"."""
    _, num_rx_ant, num_tx_ant, num_time_steps, num_last = shape
    step = meta.time_step_s or 0.0
    if meta.domain == "frequency":
        offset = np.arange(num_last) - num_last // 2
        last = ("subcarrier", "Hz", offset * (meta.subcarrier_spacing_hz or 1.0))
    else:
        last = ("tap", "s", np.arange(num_last) / (meta.sample_rate_hz or 1.0))
    return {
        "sample": ("1", None),
        "rx_ant": ("1", np.arange(num_rx_ant)),
        "tx_ant": ("1", np.arange(num_tx_ant)),
        "time": ("s", step * np.arange(num_time_steps)),
        last[0]: last[1:],
    }


def chunk_rows(shape: tuple[int, ...]) -> int:
    """Return how many samples share a chunk."""
    return max(1, _CHUNK_BYTES // (8 * int(np.prod(shape[1:]))))


def checksum(
    meta_json: str, h_hash: str, shape: tuple[int, ...], labels: dict[str, np.ndarray]
) -> str:
    """Return the SHA-256 of the content: metadata, channels in order, labels.

    It does not depend on how the samples were split over appends, nor on compression.
    """
    total = hashlib.sha256()
    for text in (f"{FORMAT} {VERSION}", meta_json, str(tuple(map(int, shape))), h_hash):
        total.update(text.encode() + b"\n")
    for name, value in sorted(labels.items()):
        kind = value.dtype.kind
        raw = (
            "\0".join(value.tolist()).encode()
            if kind == "U"
            else value.astype(value.dtype.newbyteorder("<")).tobytes()
        )
        total.update(f"{name} {kind} {hashlib.sha256(raw).hexdigest()}\n".encode())
    return total.hexdigest()
