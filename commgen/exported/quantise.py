"""Convolutions in 8 bits: static quantisation of an ONNX graph."""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

_CHUNK = 32


def quantise(proto: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return a model whose convolutions compute with int8, all else in float32.

    Weights are scaled channel by channel, what goes in by what it is on ``arrays``.
    Sums that go into a convolution again are of int8 too, so that a residual network
    stays in 8 bits from its first to its last layer. The rest is left alone, the output
    among it: rounding LLRs costs more than it saves.

    Parameters
    ----------
    proto : onnx.ModelProto
        The model in float32.
    arrays
        Inputs to scale by, name to [n, ...], n at least 1.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    ValueError
        If it has no convolution.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    names = _convolutions_and_sums(proto.graph)
    if not names:
        raise ValueError("model must have convolutions to be written in int8.")
    with tempfile.TemporaryDirectory() as folder, _quiet():
        before, after = Path(folder, "float32.onnx"), Path(folder, "int8.onnx")
        before.write_bytes(proto.SerializeToString())
        quantize_static(
            before,
            after,
            _reader(arrays),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Add"],
            nodes_to_quantize=names,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return type(proto).FromString(after.read_bytes())


def _convolutions_and_sums(graph: Any) -> list[str]:
    """Return the names of all Conv nodes, and of Add nodes whose sum goes into one."""
    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)

    def feeds(node: Any) -> bool:
        after = [user for name in node.output for user in users.get(name, [])]
        return any(
            user.op_type == "Conv" or (user.op_type == "Relu" and feeds(user))
            for user in after
        )

    found = [node for node in graph.node if node.op_type == "Conv"]
    if found:
        found += [n for n in graph.node if n.op_type == "Add" and feeds(n)]
    return [node.name for node in found]


def _reader(arrays: Mapping[str, np.ndarray]) -> Any:
    """Return what onnxruntime asks for one batch after the other."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        def __init__(self):
            self._left = _chunks(arrays)

        def get_next(self):
            return next(self._left, None)

    return Reader()


def _chunks(arrays: Mapping[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    num = min(len(array) for array in arrays.values())
    for start in range(0, num, _CHUNK):
        yield {name: a[start : start + _CHUNK] for name, a in arrays.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep advice of onnxruntime off the console."""
    level = logging.root.level
    logging.root.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logging.root.setLevel(level)
