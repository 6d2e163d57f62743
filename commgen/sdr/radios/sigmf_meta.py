"""The metadata of a SigMF recording, read with care: what lies is told in one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from commgen._checks import check_positive
from commgen._files.whole import read_json
from commgen.sdr.radios.sample_types import SAMPLE_TYPES, SampleType

VERSION = "1.2.0"
DATA, META, COLLECTION = ".sigmf-data", ".sigmf-meta", ".sigmf-collection"
#: Samples of the whole file, which SigMF does not tell; in the extension "commgen".
NUM_SAMPLES = "commgen:num_samples"
_LONGEST_META = 1 << 28  # bytes


@dataclass(frozen=True)
class Capture:
    """A stretch without a gap: where it begins in the file, and in the stream."""

    sample_start: int
    global_index: int
    frequency_hz: float | None = None
    datetime: str | None = None


@dataclass(frozen=True)
class Metadata:
    """What a recording says of itself.

    Attributes
    ----------
    sample_type, sample_rate_hz
        How a sample lies in the file, and how many make a second.
    num_samples
        What the metadata declare, None where they do not.
    sha512
        Of the data, in hexadecimal, None where it is not told.
    captures, annotations
        In the order of their samples; at least one capture.
    """

    sample_type: SampleType
    sample_rate_hz: float
    num_samples: int | None
    sha512: str | None
    captures: tuple[Capture, ...]
    annotations: tuple[Mapping[str, Any], ...]


def read_metadata(path: Path) -> Metadata:
    """Read a ``.sigmf-meta`` file.

    Raises
    ------
    OSError
        If there is none.
    ValueError
        If it is damaged, lacks what SigMF demands, or has a type of no complex sample
        that is known here.
    """
    if path.exists() and path.stat().st_size > _LONGEST_META:
        raise ValueError(f"{path} must be metadata, it has {path.stat().st_size} B.")
    found = read_json(path)
    try:
        return _checked(found)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None


def _checked(found: Any) -> Metadata:
    parts = _mapping("the metadata", found)
    told = _mapping("global", parts.get("global"))
    name = told.get("core:datatype")
    if not isinstance(name, str) or name not in SAMPLE_TYPES:
        known = ", ".join(sorted(SAMPLE_TYPES))
        raise ValueError(f"core:datatype must be one of {known}, got {name!r}.")
    if told.get("core:num_channels", 1) != 1:
        raise ValueError(
            f"core:num_channels must be 1, got {told['core:num_channels']!r}."
        )
    rate = check_positive("core:sample_rate", told.get("core:sample_rate"))
    num_samples, digest = told.get(NUM_SAMPLES), told.get("core:sha512")
    if num_samples is not None:
        num_samples = _count(NUM_SAMPLES, num_samples)
    if digest is not None and not isinstance(digest, str):
        raise ValueError(f"core:sha512 must be text, got {digest!r}.")
    captures = _captures(parts.get("captures"))
    annotations = _annotations(parts.get("annotations", []))
    kind = SAMPLE_TYPES[name]
    return Metadata(kind, rate, num_samples, digest, captures, annotations)


def _captures(found: Any) -> tuple[Capture, ...]:
    captures = [_capture(one) for one in _list("captures", found)]
    captures = captures or [Capture(0, 0)]
    if captures[0].sample_start != 0:
        raise ValueError(
            f"core:sample_start of the first capture must be 0, "
            f"got {captures[0].sample_start}."
        )
    for old, new in pairwise(captures):
        step = new.sample_start - old.sample_start
        if step < 0 or new.global_index - old.global_index < step:
            raise ValueError(
                f"captures must follow each other, got samples {old.sample_start} and "
                f"{new.sample_start} at {old.global_index} and {new.global_index}."
            )
    return tuple(captures)


def _capture(found: Any) -> Capture:
    one = _mapping("a capture", found)
    start = _count("core:sample_start", one.get("core:sample_start"))
    if one.get("core:header_bytes", 0) != 0:
        raise ValueError(
            f"core:header_bytes must be 0, got {one['core:header_bytes']!r}."
        )
    index = _count("core:global_index", one.get("core:global_index", start))
    frequency = one.get("core:frequency")
    if frequency is not None:
        frequency = float(frequency)
    return Capture(start, index, frequency, one.get("core:datetime"))


def _annotations(found: Any) -> tuple[Mapping[str, Any], ...]:
    annotations = [
        _mapping("an annotation", one) for one in _list("annotations", found)
    ]
    for one in annotations:
        _count("core:sample_start of an annotation", one.get("core:sample_start"))
        _count("core:sample_count of an annotation", one.get("core:sample_count", 0))
    return tuple(annotations)


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be an object, got {str(value)[:40]!r}.")
    return value


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list, got {str(value)[:40]!r}.")
    return value


def _count(name: str, value: Any) -> int:
    """Return a whole number from 0 up to 2^53, what JSON numbers hold exactly."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{name} must be a count, got {value!r}.")
    return value
