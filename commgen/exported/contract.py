"""What an exported model promises: the text in the metadata of its ONNX file."""

import json
from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field, fields
from typing import Any

import numpy as np

from commgen import __version__
from commgen._checks import check_finite, check_positive
from commgen.exported._values import (
    check_digest,
    check_format,
    check_keys,
    check_text,
    check_within,
    checked_range,
    json_copy,
    strict_json,
)
from commgen.exported.tensor import TensorSpec, check_power, check_tensors

FORMAT = "commgen-exported"
VERSION = 1
#: Under this key the contract lies in the metadata of an ONNX file.
METADATA_KEY = "commgen_contract"
#: How far the mean power of an input may be from the promised one. 20 dB leave room
#: for a single frame in a fade and for noise, and tell samples that nobody scaled.
POWER_FACTOR = 100.0


@dataclass(frozen=True)
class ExportedContract:
    """What goes into an exported model, what comes out, and where it was trained.

    Parameters
    ----------
    kind
        What the model does, such as "receiver" or "prior".
    inputs, outputs
        Arrays of the model, each at least one, all with different names.
    snr_range_db
        Lowest and highest SNR of the training.
    mean_power
        Input to the mean square of all its entries, linear: a half where unit-power
        numbers lie as real and imaginary part. Inputs that are not named have no
        promised scaling.
    frame
        What :func:`commgen.frame.fields.frame_of` gives, or the part of it that
        matters to the model. Empty for a model that belongs to no frame.
    delay_spread_range_s, doppler_range_hz, cfo_range_hz
        Lowest and highest of the training; None where there is no such thing.
    data_sha256
        SHA-256 of the training data in hexadecimal, None if there were none.
    commgen_version
        What exported it.

    Raises
    ------
    TypeError
        If a value has the wrong type.
    ValueError
        If a value breaks its rule.
    """

    kind: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    _: KW_ONLY
    snr_range_db: tuple[float, float]
    mean_power: dict[str, float] = field(default_factory=dict)
    frame: dict[str, Any] = field(default_factory=dict)
    delay_spread_range_s: tuple[float, float] | None = None
    doppler_range_hz: tuple[float, float] | None = None
    cfo_range_hz: tuple[float, float] | None = None
    data_sha256: str | None = None
    commgen_version: str = __version__

    def __post_init__(self):
        check_text("kind", self.kind)
        check_text("commgen_version", self.commgen_version)
        check_digest("data_sha256", self.data_sha256)
        for name in ("inputs", "outputs"):
            self._set(name, _checked_tensors(name, getattr(self, name)))
        names = [spec.name for spec in (*self.inputs, *self.outputs)]
        if len(set(names)) < len(names):
            raise ValueError(f"inputs and outputs must differ in name, got {names}.")
        self._set("snr_range_db", checked_range("snr_range_db", self.snr_range_db))
        for name in ("delay_spread_range_s", "doppler_range_hz", "cfo_range_hz"):
            if getattr(self, name) is not None:
                low = 0 if name == "delay_spread_range_s" else None
                self._set(name, checked_range(name, getattr(self, name), low=low))
        self._set("mean_power", self._checked_power())
        self._set("frame", json_copy("frame", self.frame))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _checked_power(self) -> dict[str, float]:
        names = [spec.name for spec in self.inputs]
        if not isinstance(self.mean_power, Mapping) or set(self.mean_power) - {*names}:
            raise ValueError(
                f"mean_power must map inputs, of {names}, to their power, "
                f"got {self.mean_power!r}."
            )
        power = self.mean_power.items()
        return {name: check_positive(f"mean_power of {name}", p) for name, p in power}

    def to_json(self) -> str:
        """Return the contract as text, for :meth:`from_json`."""
        values = {"format": FORMAT, "version": VERSION, **asdict(self)}
        return json.dumps(values, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "ExportedContract":
        """Read what :meth:`to_json` wrote; nothing is executed.

        Raises
        ------
        ValueError
            If it is no JSON, of another format or a newer version, lacks a key, has
            one too many, or a value that the constructor refuses.
        """
        try:
            values = strict_json(text)
            check_format(values, FORMAT, VERSION)
            known = [known.name for known in fields(cls)]
            check_keys("it", values, ["format", "version", *known])
            rest = {name: values[name] for name in known}
            for name in ("inputs", "outputs"):
                _check_list(name, rest[name])
                rest[name] = [TensorSpec.from_dict(spec) for spec in rest[name]]
            return cls(**rest)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            reason = str(error).rstrip(".")
            raise ValueError(f"the contract cannot be read: {reason}.") from error

    def check_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Raise unless the model may be given these arrays.

        An empty batch passes. An input of zeros does not where ``mean_power`` names it.

        Parameters
        ----------
        arrays
            Name of each input to its array.

        Raises
        ------
        TypeError
            If it is no mapping.
        ValueError
            If a name is missing or unknown, a type, rank or fixed axis differs, there
            are several batch sizes, an entry is NaN or infinite, or the mean power is
            not within ``POWER_FACTOR`` of the promised one.
        """
        if not isinstance(arrays, Mapping):
            raise TypeError(f"arrays must map names to arrays, got {type(arrays)}.")
        names = [spec.name for spec in self.inputs]
        if set(arrays) != set(names):
            raise ValueError(f"arrays must be named {names}, got {list(arrays)}.")
        given = {name: np.asarray(arrays[name]) for name in names}
        check_tensors(self.inputs, given)
        for name, array in given.items():
            check_finite(name, array)
        for name, power in self.mean_power.items():
            check_power(name, given[name], power, factor=POWER_FACTOR)

    def check_frame(self, frame: Mapping[str, Any]) -> None:
        """Raise ValueError unless ``frame`` has each field of the contract, as there.

        What the contract does not name is no concern of the model.
        """
        given = json_copy("frame", frame)
        for key, trained in self.frame.items():
            if key not in given:
                raise ValueError(f"frame.{key} must be {trained!r}, it is missing.")
            if given[key] != trained:
                raise ValueError(
                    f"frame.{key} must be {trained!r}, as in the model's training, "
                    f"got {given[key]!r}."
                )

    def check_snr(self, snr_db: Any) -> None:
        """Raise ValueError unless SNRs lie in the trained range, ends included.

        Parameters
        ----------
        snr_db : scalar or [...], float
            In dB. NaN lies outside.
        """
        check_within("snr_db", snr_db, self.snr_range_db)


def _check_list(name: str, specs: Any) -> None:
    if not isinstance(specs, list | tuple) or not specs:
        raise ValueError(
            f"{name} must be a list of at least one tensor, got {specs!r}."
        )


def _checked_tensors(name: str, specs: Any) -> tuple[TensorSpec, ...]:
    _check_list(name, specs)
    for spec in specs:
        if not isinstance(spec, TensorSpec):
            raise TypeError(f"{name} must hold TensorSpec, got {spec!r}.")
    return tuple(specs)
