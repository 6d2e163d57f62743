"""What travels between a ClientApp and its worker comes out as it went in."""

import json
import socket
import struct

import numpy as np
import pytest

from commgen.federated.app.wire import (
    NodeError,
    pack_answer,
    pack_error,
    pack_task,
    receive_frame,
    send_frame,
    unpack_answer,
    unpack_task,
)
from commgen.federated.tasks import Answer, Task

ARRAYS = {
    "weights/b": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "weights/a": np.array(np.float64(1) / 3),
    "sums/none": np.zeros((0, 4)),
    "sums/bytes": np.array([-128, 127], np.int8),
}
SETTINGS = {"epochs": 2, "pull": 0.1, "adapt": True, "name": "münchen"}


def same(found, asked):
    assert found.keys() == asked.keys()
    for name, array in asked.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_a_task_comes_back():
    found = unpack_task(pack_task(Task("train", 7, ARRAYS, SETTINGS), run=2**64 - 1))
    assert (found.what, found.round, found.settings) == ("train", 7, SETTINGS)
    assert found.settings["adapt"] is True
    same(found.arrays, ARRAYS)


def test_an_answer_comes_back():
    answer = Answer(ARRAYS, 60, {"loss": np.float32(0.5), "nan": float("nan")})
    found = unpack_answer(pack_answer(answer))
    assert found.num_examples == 60
    assert found.metrics["loss"] == 0.5
    assert np.isnan(found.metrics["nan"])
    same(found.arrays, ARRAYS)


def test_equal_tasks_are_equal_bytes():
    one = pack_task(Task("train", 1, ARRAYS, SETTINGS), run=1)
    backwards = dict(reversed(ARRAYS.items())), dict(reversed(SETTINGS.items()))
    assert pack_task(Task("train", 1, *backwards), run=1) == one
    assert pack_task(Task("train", 1, ARRAYS, SETTINGS), run=2) != one


def test_big_endian_arrays_are_the_same_numbers():
    array = np.array([1.5, -2], ">f4")
    found = unpack_answer(pack_answer(Answer({"a": array}, 1))).arrays["a"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, array)


def test_why_there_is_no_answer():
    with pytest.raises(NodeError, match="no channels"):
        unpack_answer(pack_error("no channels"))


@pytest.mark.parametrize("array", [np.array([1j]), np.array(["a"]), np.array([None])])
def test_only_real_numbers_travel(array):
    with pytest.raises(ValueError, match="a must have real numbers, got"):
        pack_answer(Answer({"a": array}, 1))


def packed(header, rest=b""):
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + rest


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\0\xffabc",
        packed({}),
        packed({"arrays": 3}),
        packed({"arrays": [["a", "|O", [1]]]}, bytes(8)),
        packed({"arrays": [["a", "<f4", [4]]]}, bytes(8)),
        packed({"arrays": [["a", "<f4", [-2, -1]]]}, bytes(8)),
        packed({"arrays": []}, bytes(1)),
    ],
)
def test_damage_is_noticed(content):
    with pytest.raises(ValueError, match="a message is damaged"):
        unpack_task(content)


def test_what_is_missing_or_unknown_is_told():
    with pytest.raises(ValueError, match="a task must have 'what', it is missing"):
        unpack_task(packed({"arrays": []}))
    header = {"arrays": [], "what": "steal", "round": 1, "settings": {}}
    with pytest.raises(ValueError, match=r"what must be one of .*, got 'steal'"):
        unpack_task(packed(header))
    with pytest.raises(ValueError, match="an answer must have 'num_examples'"):
        unpack_answer(packed({"arrays": []}))


def test_a_frame_that_breaks_off_is_an_error():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send_frame(ours, b"abc")
        assert receive_frame(theirs) == b"abc"
        ours.sendall(struct.pack(">Q", 5) + b"abc")
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionError, match="closed the connection"):
            receive_frame(theirs)


def test_a_length_beyond_reason_is_refused():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"\xff" * 8)
        with pytest.raises(ValueError, match="a frame must have at most"):
            receive_frame(theirs)
