"""One array that goes into an exported model, or comes out of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.exported._values import check_keys, check_text

#: What ONNX tensors may hold here; complex numbers travel as pairs of floats.
DTYPES = ("float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool")


@dataclass(frozen=True)
class TensorSpec:
    """Name, shape, type and meaning of one array.

    Parameters
    ----------
    name
        As in the graph.
    shape
        Length of each axis, None where it is free. A free first axis is the batch,
        which all arrays of a model share; ``()`` is a scalar.
    dtype
        Such as "float32", in the byte order of the machine.
    meaning
        What it is, its unit and the order of its entries, for people.

    Raises
    ------
    TypeError
        If an axis is neither None nor a whole number.
    ValueError
        If a text is empty, an axis below 1, or the type none of ONNX's.

    Examples
    --------
    >>> TensorSpec("z", (None, 14, 72, 10), "float32", "features").layout
    '[batch, 14, 72, 10]'
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    meaning: str

    def __post_init__(self):
        check_text("name", self.name)
        check_text(f"meaning of {self.name}", self.meaning)
        if self.dtype not in DTYPES:
            known = ", ".join(DTYPES)
            raise ValueError(
                f"dtype of {self.name} must be one of {known}, got {self.dtype!r}."
            )
        if not isinstance(self.shape, list | tuple):
            raise ValueError(
                f"shape of {self.name} must be a list of axes, got {self.shape!r}."
            )
        axis = f"an axis of {self.name}"
        shape = [n if n is None else check_int(axis, n, low=1) for n in self.shape]
        object.__setattr__(self, "shape", tuple(shape))

    @classmethod
    def from_dict(cls, values: Any) -> "TensorSpec":
        """Return the tensor that a JSON object describes; its keys are the fields."""
        check_keys("each tensor", values, [field.name for field in fields(cls)])
        return cls(**values)

    @property
    def has_batch(self) -> bool:
        """Whether the first axis is the batch."""
        return self.shape[:1] == (None,)

    @property
    def layout(self) -> str:
        """The shape as messages state it."""
        if not self.shape:
            return "a scalar"
        axes = ["any" if n is None else str(n) for n in self.shape]
        return f"[{', '.join(['batch', *axes[1:]] if self.has_batch else axes)}]"

    def check(self, array: np.ndarray) -> None:
        """Raise ValueError unless ``array`` has this type, rank and fixed axes."""
        # Byte order counts: onnxruntime reads swapped bytes as they lie.
        if array.dtype != np.dtype(self.dtype):
            raise ValueError(f"{self.name} must be {self.dtype}, got {array.dtype}.")
        axes = zip(self.shape, array.shape, strict=False)
        if array.ndim != len(self.shape) or any(n not in (None, m) for n, m in axes):
            raise ValueError(f"{self.name} must be {self.layout}, got {array.shape}.")


def check_tensors(
    specs: Iterable[TensorSpec], arrays: Mapping[str, np.ndarray]
) -> None:
    """Raise ValueError unless arrays are as specified, and have one batch."""
    first, batch = "", None
    for spec in specs:
        array = arrays[spec.name]
        spec.check(array)
        if spec.has_batch and batch is None:
            first, batch = spec.name, len(array)
        if spec.has_batch and len(array) != batch:
            raise ValueError(
                f"{spec.name} must have the batch of {first}, {batch}, "
                f"got {len(array)}."
            )


def check_power(
    name: str, array: np.ndarray, promised: float, *, factor: float
) -> None:
    """Raise ValueError unless the mean power is within a factor of the promised one."""
    if not array.size:
        return
    with np.errstate(over="ignore"):
        power = float(np.mean(np.square(array, dtype=np.float64)))
    if not promised / factor <= power <= promised * factor:
        raise ValueError(
            f"{name} must have a mean power within a factor {factor:g} of "
            f"{promised:g}, got {power:.3g}; scale it first."
        )
