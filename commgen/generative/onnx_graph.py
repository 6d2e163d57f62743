"""From TensorFlow to ONNX."""

import logging
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

from commgen.generative._untyped import tf

_OPSET = 15


def to_onnx(call: Callable[..., Any], shapes: Sequence[tuple[int | None, ...]]) -> Any:
    """Return the ONNX model of a function of tensors.

    Parameters
    ----------
    call
        Takes float32 tensors and returns a tuple of them. Complex numbers and Fourier
        transforms have no place in ONNX.
    shapes
        Shape of each argument, None where it is free.

    Returns
    -------
    onnx.ModelProto
        Its names are TensorFlow's; see :func:`~commgen.exported.canonical.canonical`.

    Raises
    ------
    ModuleNotFoundError
        If tf2onnx is not installed.
    ValueError
        If an operation has no counterpart.
    """
    import onnx
    import tf2onnx
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    graph = tf.function(call, input_signature=signature, autograph=False)
    # tf2onnx would take tensors that a layer keeps beside its weights for inputs.
    frozen = convert_variables_to_constants_v2(graph.get_concrete_function())
    with _quiet():
        try:
            proto, _ = tf2onnx.convert.from_graph_def(
                frozen.graph.as_graph_def(),
                input_names=[tensor.name for tensor in frozen.inputs],
                output_names=[tensor.name for tensor in frozen.outputs],
                opset=_OPSET,
            )
            # An operation without counterpart is logged, and left in the graph.
            onnx.checker.check_model(proto)
        except Exception as error:  # tf2onnx's own kinds have no common base
            reason = " ".join(str(error).split()).rstrip(".")
            raise ValueError(f"the model has no ONNX graph: {reason}.") from error
    return proto


@contextmanager
def _quiet():
    """Keep what the converters log of themselves off the console."""
    loggers = [tf.get_logger(), logging.getLogger("tf2onnx")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
