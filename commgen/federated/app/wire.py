"""Tasks and answers as bytes, on the socket between a ClientApp and its worker.

A frame is eight bytes that say how long it is (big endian), and its content: four
bytes for the length of a header in JSON, the header, and the arrays one after the
other, C order, little endian. Nothing in it can run code.
"""

import json
import socket
import struct
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from commgen.federated.tasks import Answer, Task, What

_FRAME, _HEADER = struct.Struct(">Q"), struct.Struct(">I")
_LONGEST = 1 << 36  # bytes: 64 GiB, far beyond any model, so that damage is noticed


class NodeError(RuntimeError):
    """A node could not answer; the text is its reason."""


def pack_task(task: Task, run: int) -> bytes:
    """Return a task of a run as bytes; equal tasks give equal bytes."""
    header = {
        "run": run,
        "what": task.what,
        "round": task.round,
        "settings": dict(sorted(task.settings.items())),
    }
    return _packed(header, task.arrays)


def unpack_task(content: bytes) -> Task:
    """Return the task; ValueError if the bytes are none."""
    header, arrays = _unpacked(content)
    try:
        what, number, settings = header["what"], header["round"], header["settings"]
    except KeyError as error:
        raise ValueError(f"a task must have {error}, it is missing.") from error
    if what not in get_args(What):
        raise ValueError(f"what must be one of {get_args(What)}, got {what!r}.")
    return Task(what, int(number), arrays, settings)


def pack_answer(answer: Answer) -> bytes:
    """Return an answer as bytes."""
    metrics = {name: float(value) for name, value in answer.metrics.items()}
    header = {"num_examples": int(answer.num_examples), "metrics": metrics}
    return _packed(header, answer.arrays)


def pack_error(reason: str) -> bytes:
    """Return, as bytes, why there is no answer."""
    return _packed({"error": reason}, {})


def unpack_answer(content: bytes) -> Answer:
    """Return the answer.

    Raises
    ------
    NodeError
        If the node could not give one.
    ValueError
        If the bytes are none.
    """
    header, arrays = _unpacked(content)
    if "error" in header:
        raise NodeError(str(header["error"]))
    try:
        return Answer(arrays, int(header["num_examples"]), header["metrics"])
    except KeyError as error:
        raise ValueError(f"an answer must have {error}, it is missing.") from error


def send_frame(connection: socket.socket, content: bytes) -> None:
    """Send bytes with their length before them."""
    connection.sendall(_FRAME.pack(len(content)))
    connection.sendall(content)


def receive_frame(connection: socket.socket) -> bytes:
    """Receive what :func:`send_frame` has sent.

    Raises
    ------
    ConnectionError
        If the other end closes before all has come.
    ValueError
        If the length is beyond all reason.
    """
    (length,) = _FRAME.unpack(_received(connection, _FRAME.size))
    if length > _LONGEST:
        raise ValueError(f"a frame must have at most {_LONGEST} bytes, got {length}.")
    return _received(connection, length)


def _received(connection: socket.socket, length: int) -> bytes:
    content = bytearray(length)
    view, done = memoryview(content), 0
    while done < length:
        num = connection.recv_into(view[done:])
        if num == 0:
            raise ConnectionResetError("the other end has closed the connection.")
        done += num
    return bytes(content)


def _packed(header: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    parts, shapes = [], []
    for name in sorted(arrays):
        # Not ascontiguousarray, which gives a scalar an axis.
        array = np.asarray(arrays[name], order="C")
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name} must have real numbers, got {array.dtype}.")
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        shapes.append([name, little.dtype.str, list(array.shape)])
        parts.append(little.tobytes())
    text = json.dumps({**header, "arrays": shapes}).encode()
    return b"".join([_HEADER.pack(len(text)), text, *parts])


def _unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        (length,) = _HEADER.unpack_from(content)
        header = json.loads(content[_HEADER.size : _HEADER.size + length])
        arrays, offset = {}, _HEADER.size + length
        for name, kind, shape in header.pop("arrays"):
            dtype = np.dtype(kind)
            if dtype.kind not in "fiub":
                raise ValueError(f"{name} must have real numbers, got {kind}.")
            count = int(np.prod(shape, dtype=np.int64))
            flat = np.frombuffer(content, dtype, count, offset)
            arrays[name] = flat.reshape(shape).astype(dtype.newbyteorder("="))
            offset += count * dtype.itemsize
    except (struct.error, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"a message is damaged: {error}.") from error
    if offset != len(content):
        raise ValueError(
            f"a message is damaged: {offset} bytes are told of {len(content)}."
        )
    return header, arrays
