"""What ``commgen estimate`` reads: an ``.npz`` file, checked."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_amplitudes, check_noise_variance, check_snr_db
from commgen._files.npz import read_npz
from commgen.measures.decibel import noise_variance

# Names of before, and of now.
_RENAMED = {"noise_shape": "noise_corr"}
_KNOWN = {"y", "snr_db", "no", "noise_corr", "A", "mask", "num_bits", "step"}
# Received power may differ this much from 1 + no before the scale must be wrong.
_POWER_MARGIN = 100.0


def read_observed(path: Path) -> dict[str, np.ndarray]:
    """Read and check the arrays of an input file."""
    if not path.is_file():
        raise FileNotFoundError(f"input {path} is not there.")
    try:
        arrays = read_npz(path)
    except ValueError as error:
        raise ValueError(f"input {error}") from error
    for old, new in _RENAMED.items():
        if old in arrays:
            arrays[new] = arrays.pop(old)
            print(f"note: {old} is called {new} now.", file=sys.stderr)
    unknown = set(arrays) - _KNOWN
    if "y" not in arrays or unknown:
        raise ValueError(
            f"input must hold y and of {sorted(_KNOWN - {'y'})}, got {sorted(arrays)}."
        )
    y = arrays["y"]
    if not np.iscomplexobj(y):
        raise ValueError(f"y must be complex, got {y.dtype}.")
    if y.ndim < 2 or y.size == 0:
        raise ValueError(f"y must be [n, ...] with n >= 1, got {y.shape}.")
    return arrays


def read_noise(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Return the noise variance, [1] or [n]."""
    if ("snr_db" in arrays) == ("no" in arrays):
        raise ValueError("input must hold snr_db or no, and not both.")
    name = "snr_db" if "snr_db" in arrays else "no"
    value, n = arrays[name], len(arrays["y"])
    if value.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be real, got {value.dtype}.")
    if value.size != 1 and value.shape != (n,):
        raise ValueError(f"{name} must be one number or [{n}] as y, got {value.shape}.")
    if name == "snr_db":
        return noise_variance(check_snr_db(name, value)).reshape(-1)
    return check_noise_variance(name, value).reshape(-1)


def observed(arrays: dict[str, np.ndarray], event_shape) -> tuple[Any, Any]:
    """Return y and A, which is None where everything is seen."""
    y, size = arrays["y"], int(np.prod(event_shape))
    if "A" in arrays and "mask" in arrays:
        raise ValueError("input must hold A or mask, and not both.")
    if "A" in arrays:
        A = arrays["A"]
        if A.ndim != 2 or A.shape[1] != size or A.dtype.kind not in "fiuc":
            raise ValueError(
                f"A must be complex [num_obs, {size}], got {A.dtype} {A.shape}."
            )
        check_amplitudes("A", A)
        return y, A
    full = _thin(y.shape[1:]) == _thin(event_shape)
    if "mask" not in arrays:
        if not full:
            raise ValueError(
                f"y must be [n, {', '.join(map(str, event_shape))}], the channels of "
                f"the model, got {y.shape}; give A or mask for other observations."
            )
        return y.reshape(len(y), *event_shape), None
    mask = arrays["mask"]
    fits = mask.shape == (size,) or _thin(mask.shape) == _thin(event_shape)
    if not fits or mask.dtype != bool or not mask.any():
        raise ValueError(
            f"mask must be boolean {event_shape} with a true entry, got {mask.dtype} "
            f"{mask.shape}."
        )
    mask = mask.reshape(size)
    A = np.eye(size)[mask]
    return (y.reshape(len(y), size)[:, mask] if full else y), A


def _thin(shape) -> tuple[int, ...]:
    """Leave out the axes of one entry."""
    return tuple(n for n in shape if n > 1)


def read_quantizer(arrays: dict[str, np.ndarray]) -> tuple[int, float] | None:
    """Return bits and step of the converters; None where y was not quantised."""
    if "num_bits" not in arrays and "step" not in arrays:
        return None
    if "num_bits" not in arrays or "step" not in arrays:
        raise ValueError("input must hold num_bits and step, or neither.")
    for name in ("num_bits", "step"):
        value = arrays[name]
        if value.size != 1 or value.dtype.kind not in "fiu":
            raise ValueError(
                f"{name} must be one real number, got {value.dtype} {value.shape}."
            )
    num_bits, step = (float(arrays[name].item()) for name in ("num_bits", "step"))
    if num_bits != int(num_bits):
        raise ValueError(f"num_bits must be a whole number, got {num_bits:g}.")
    return int(num_bits), step


def check_power(y: np.ndarray, no: np.ndarray, A: Any) -> None:
    """Refuse observations that cannot be channels of unit power plus this noise."""
    signal = 1.0 if A is None else float(np.mean(np.sum(np.abs(A) ** 2, axis=1)))
    ratio = float(np.mean(np.abs(y) ** 2) / (signal + no.mean()))
    if not 1 / _POWER_MARGIN <= ratio <= _POWER_MARGIN:
        raise ValueError(
            f"y must be scaled so that its channels have unit mean power: its mean "
            f"power is {ratio:.3g} times what this noise and unit power give."
        )
