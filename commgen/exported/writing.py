"""Exported models on disk: compared first, written whole, the same bytes each time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.inputs import read_input
from commgen._files.npz import unreadable
from commgen._files.whole import atomic_path
from commgen.exported.canonical import canonical
from commgen.exported.contract import METADATA_KEY, ExportedContract
from commgen.exported.session import ExportedModel

#: Under this key lies what made an ONNX file, as docs/outputs.md has it.
MADE_KEY = "commgen_made"
#: Greatest difference from the library that trained it, relative to the largest entry.
TOLERANCE = 1e-4


def save_exported(
    path: str | Path,
    proto: Any,
    contract: ExportedContract,
    *,
    check: Callable[[ExportedModel], None] | None = None,
    made: str | None = None,
) -> None:
    """Write an ONNX file with its contract, once it has passed a check.

    Parameters
    ----------
    path
        The file; its name ends in ``.onnx``.
    proto : onnx.ModelProto
        The graph, its inputs and outputs in the order of the contract.
    contract
        What it promises.
    check
        Is given the model, open, and raises where it is not what it should be: then
        nothing is written. Without it the file is opened only.
    made
        What made it, see :func:`exported_made`.

    Raises
    ------
    ValueError
        If the name has another end, the graph is not sound or breaks the contract, or
        as ``check``.
    OSError
        If it cannot be written.
    """
    check_onnx_name(path)
    data = model_bytes(proto, contract, made=made)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
        exported = ExportedModel(temporary)
        if check is not None:
            check(exported)


def model_bytes(
    proto: Any, contract: ExportedContract, *, made: str | None = None
) -> bytes:
    """Return an ONNX file with its contract, in bytes that the graph alone decides."""
    import onnx

    names = [[spec.name for spec in specs] for specs in _tensors(contract)]
    proto = canonical(proto, *names)
    for value, spec in zip(
        [*proto.graph.input, *proto.graph.output],
        [spec for specs in _tensors(contract) for spec in specs],
        strict=True,
    ):
        _fix_shape(value, spec.shape)
    facts = {METADATA_KEY: contract.to_json()}
    if made is not None:
        facts[MADE_KEY] = made
    onnx.helper.set_model_props(proto, facts)
    try:
        onnx.checker.check_model(proto, full_check=True)
    except Exception as error:  # onnx's own kinds have no common base
        reason = " ".join(str(error).split()).rstrip(".")
        raise ValueError(f"the graph is not valid ONNX: {reason}.") from error
    return proto.SerializeToString(deterministic=True)


def check_onnx_name(path: str | Path) -> None:
    """Raise ValueError unless a file's name ends in ``.onnx``."""
    if Path(path).suffix != ".onnx":
        raise ValueError(f"output must end in .onnx, got {Path(path).name}.")


def exported_made(path: str | Path) -> str | None:
    """Return what made an ONNX file, or None where it does not say.

    Raises
    ------
    ValueError
        If it is damaged, or no such file.
    """
    import onnx

    try:
        proto = onnx.load_from_string(read_input(path))
        onnx.checker.check_model(proto)
    except Exception as error:  # onnx's own kinds have no common base
        raise unreadable(path, ".onnx", error) from error
    found = {one.key: one.value for one in proto.metadata_props}
    return found.get(MADE_KEY)


def check_equal(
    what: str, found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]
) -> None:
    """Raise ValueError unless each output is within ``TOLERANCE`` of what it should be.

    Parameters
    ----------
    what
        Whose outputs they should be, for the error.
    found, wanted
        Name of each output to its array.
    """
    for name, array in wanted.items():
        scale = max(1.0, float(np.abs(array).max(initial=0)))
        difference = float(np.abs(found[name] - array).max(initial=0)) / scale
        if not difference <= TOLERANCE:
            raise ValueError(
                f"{name} of the exported model must be within {TOLERANCE:g} of "
                f"{what}'s, got a difference of {difference:.3g}."
            )


def _tensors(contract: ExportedContract) -> tuple:
    return contract.inputs, contract.outputs


def _fix_shape(value: Any, shape: tuple[int | None, ...]) -> None:
    """Write the lengths that the contract fixes, where a graph leaves them open."""
    for dim, length in zip(value.type.tensor_type.shape.dim, shape, strict=False):
        if length is not None and not dim.dim_value:
            dim.Clear()
            dim.dim_value = length
