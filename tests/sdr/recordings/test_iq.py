"""Raw I/Q: what the numbers are, and what is refused."""

import os

import numpy as np
import pytest

from commgen.sdr.recordings.iq import KINDS, open_iq, read_iq


@pytest.fixture
def write(tmp_path):
    def write(values, name="a.bin"):
        (tmp_path / name).write_bytes(np.asarray(values).tobytes())
        return tmp_path / name

    return write


def test_full_scale_is_one(write):
    path = write(np.array([255, 0, 128, 127] * 100, np.uint8))
    x = read_iq(path, "uint8")
    assert x.dtype == np.complex64
    np.testing.assert_allclose(x[:2], [1 - 1j, (1 - 1j) / 255], rtol=1e-5)
    path = write(np.array([-(2**15), 2**14], "<i2"))
    assert read_iq(path, "int16").tolist() == [-1 + 0.5j]
    path = write(np.array([0.25, -3], "<f4"))
    assert read_iq(path, "float32").tolist() == [0.25 - 3j]


def test_blocks_give_the_same_samples_whatever_their_size(write, rng):
    path = write(rng.integers(-2000, 2000, 2 * 1001).astype("<i2"))
    whole = read_iq(path, "int16")
    recording = open_iq(path, "int16")
    assert recording.num_samples == len(whole) == 1001
    for size in (1, 100, 1000, 5000):
        blocks = list(recording.blocks(size))
        assert {len(b) for b in blocks[:-1]} <= {size}
        np.testing.assert_array_equal(np.concatenate(blocks), whole)
    np.testing.assert_array_equal(
        read_iq(path, "int16", start=300, stop=2000), whole[300:]
    )


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (b"", "uint8", "must hold I/Q samples, it is empty"),
        (bytes(5), "uint8", "whole pairs of uint8, 2 bytes each, got 5 bytes"),
        (bytes(6), "int16", "whole pairs of int16, 4 bytes each, got 6 bytes"),
        (b"time,level\n0.5,12.0\n" * 200, "uint8", "it looks like text"),
        (b"time,level\n0.5,12.0\n" * 200, "int16", "it looks like text"),
    ],
)
def test_what_is_no_recording_is_refused(write, content, kind, told):
    path = write(np.frombuffer(content, np.uint8))
    with pytest.raises(ValueError, match=told):
        open_iq(path, kind)


def test_other_types_are_seen(write, rng):
    noise = rng.normal(size=4096)
    small = write((3000 * noise).astype("<i2"), "small")
    bytes_ = write((127.5 + 30 * noise).clip(0, 255).astype("u1"), "bytes")
    with pytest.raises(ValueError, match="raw I/Q of uint8, it looks like 16-bit"):
        open_iq(small, "uint8")
    with pytest.raises(ValueError, match="raw I/Q of int16, it looks like bytes"):
        open_iq(bytes_, "int16")
    loud = write((15000 * noise).clip(-(2**15), 2**15 - 1).astype("<i2"), "loud")
    assert open_iq(loud, "int16").num_samples == 2048
    assert open_iq(bytes_, "uint8").num_samples == 2048
    with pytest.raises(ValueError, match=r"kind must be one of uint8.*got 'int8'"):
        open_iq(small, "int8")
    assert set(KINDS) == {"uint8", "int16", "float32"}


def test_floats_are_finite_and_files_keep_their_length(write):
    path = write(np.array([1, np.nan], "<f4"))
    with pytest.raises(ValueError, match="must hold finite numbers as float32"):
        read_iq(path, "float32")
    path = write(np.ones(2000, "<f4"))
    recording = open_iq(path, "float32")
    os.truncate(path, 4000)
    with pytest.raises(ValueError, match="became shorter"):
        list(recording.blocks(600))


def test_only_regular_files(tmp_path):
    with pytest.raises(IsADirectoryError, match="must be a regular file"):
        open_iq(tmp_path, "uint8")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="got a pipe"):
        open_iq(tmp_path / "pipe", "uint8")
