"""MATLAB files of all versions, good and bad; each is read in a process of its own."""

import os
import signal
import subprocess
import sys
import zlib

import h5py
import numpy as np
import pytest
import scipy.io

from commgen.datasets import matlab, open_plain
from commgen.datasets.matlab import read_mat


def hdf5(path, change):
    """Write a file as MATLAB 7.3 does: HDF5 behind a header of 512 bytes."""
    with h5py.File(path, "w", userblock_size=512) as file:
        change(file)
    header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8)
    with path.open("r+b") as raw:
        raw.write(header + b"\x00\x02IM")
    return path


def put(group, name, array, kind="double"):
    """Store an array as MATLAB does: its axes reversed, complex as a compound."""
    array = np.asarray(array).T
    if array.dtype.kind == "c":
        parts = np.empty(array.shape, [("real", "f8"), ("imag", "f8")])
        parts["real"], parts["imag"] = array.real, array.imag
        array = parts
    options = {"chunks": True, "compression": "gzip"} if array.size > 1 else {}
    item = group.create_dataset(name, data=array, **options)
    item.attrs["MATLAB_class"] = np.bytes_(kind)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.mat"


def test_version_7_3(path, meta, draw):
    """Axes come out in MATLAB's order; what is no array of numbers is not seen."""
    h = draw((3, 2, 4)).astype(complex)

    def fill(file):
        put(file, "h", h)
        put(file, "fs", [[1e6]])
        put(file, "note", [[72, 105]], kind="char")
        put(file, "flag", [[1]], kind="logical")
        file.create_group("#refs#")["a"] = np.ones((2, 2))
        put(file.create_group("s"), "g", 2 * h)
        file["s"].attrs["MATLAB_class"] = np.bytes_("struct")

    hdf5(path, fill)
    names, arrays = read_mat(path, ["h", "s.g", "fs", "none"])
    assert sorted(names) == ["fs", "h", "s.g"]
    np.testing.assert_array_equal(arrays["h"], h)
    np.testing.assert_array_equal(arrays["s.g"], 2 * h)
    np.testing.assert_array_equal(arrays["fs"], [[1e6]])
    source = open_plain(path, meta, "h", axes=["subcarrier", "rx", "sample", "time"])
    assert source.shape == (4, 2, 1, 1, 3)


@pytest.mark.parametrize("version", ["5", "4"])
def test_older_versions(path, draw, version):
    h = draw((3, 8)).astype(complex)
    content = {"h": h, "n": np.arange(4.0), "note": "text"}
    if version == "5":
        content |= {"s": {"h": h, "deep": {"re": h.real}}, "c": np.array([{}, 1], "O")}
    scipy.io.savemat(path, content, format=version, do_compression=version == "5")
    names, arrays = read_mat(path, ["h", "s.deep.re"])
    wanted = {"h", "n"} | ({"s.h", "s.deep.re"} if version == "5" else set())
    assert set(names) == wanted
    np.testing.assert_array_equal(arrays["h"], h)
    if version == "5":
        np.testing.assert_array_equal(arrays["s.deep.re"], h.real)


def outside(file):
    file.create_dataset("h", (4, 4), "u1", external=[("/etc/passwd", 0, 16)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "h", (4,))
    file.create_virtual_dataset("h", layout)


def linked(file):
    file["h"] = h5py.ExternalLink("other.h5", "/h")


def soft(file):
    file["g"] = np.ones((2, 2))
    file["h"] = h5py.SoftLink("/g")


def empty(file):
    file.create_dataset("h", (2**15, 2**15), "f8", chunks=(64, 64), compression="gzip")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (outside, "h must lie in the file itself, its storage is elsewhere"),
        (virtual, "h must lie in the file itself, its storage is elsewhere"),
        (linked, "h must lie in the file itself, it is a link"),
        (soft, "h must lie in the file itself, it is a link"),
        (empty, "array h declares 8 GiB, more than the 0 bytes"),
    ],
)
def test_hdf5_holds_what_it_says(path, change, message):
    with pytest.raises(ValueError, match=rf"a\.mat cannot be read as \.mat: {message}"):
        read_mat(hdf5(path, change), ["h"])


def test_damaged_files_are_one_line(path, draw):
    scipy.io.savemat(path, {"h": draw((3, 8))}, do_compression=False)
    content = path.read_bytes()
    # Bytes of the real part: behind its type, single.
    place = content.index((7).to_bytes(4, "little") + (96).to_bytes(4, "little")) + 4
    huge = content[:place] + (2**31 - 8).to_bytes(4, "little") + content[place + 4 :]
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(512)
    for damaged in (b"", b"hello", content[:200], huge, header):
        path.write_bytes(damaged)
        with pytest.raises(
            ValueError, match=r"a\.mat cannot be read as \.mat"
        ) as caught:
            read_mat(path)
        assert "\n" not in str(caught.value)


def test_a_small_file_gets_little_memory(path):
    """A deflated gigabyte of zeros is not inflated for a file that cannot hold it."""

    def tag(kind, n):
        return kind.to_bytes(4, "little") + n.to_bytes(4, "little")

    size = 2**30
    body = tag(6, 8) + (6).to_bytes(8, "little") + tag(5, 8)
    body += (2**27).to_bytes(4, "little") + (1).to_bytes(4, "little")
    body += tag(1, 1) + b"h" + bytes(7) + tag(9, size)
    packed = zlib.compress(tag(14, len(body) + size) + body + bytes(2**16))
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    path.write_bytes(header + tag(15, len(packed)) + packed)
    with pytest.raises(ValueError, match=r"a\.mat cannot be read as \.mat"):
        read_mat(path)


def test_a_crash_and_a_stall_are_one_line(path, monkeypatch):
    path.write_bytes(b"x")

    def crash(*arguments, **options):
        return subprocess.CompletedProcess(arguments, -signal.SIGSEGV, b"", b"")

    def stall(*arguments, **options):
        raise subprocess.TimeoutExpired(arguments, options["timeout"])

    for end, message in ((crash, "reader ended with -11"), (stall, "takes too long")):
        monkeypatch.setattr(matlab.subprocess, "run", end)
        with pytest.raises(ValueError, match=rf"cannot be read as \.mat: .*{message}"):
            read_mat(path)


LIMITED = """
import numpy
from commgen.datasets._matlab_reader import _limit

_limit(2**26, 1)
try:
    numpy.ones(2**24)
except MemoryError:
    print("refused", flush=True)
while True:
    pass
"""


def test_limits_hold():
    """Memory beyond the limit is refused; who takes too long dies."""
    command = [sys.executable, "-c", LIMITED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == "refused\n"
    assert -done.returncode in (signal.SIGXCPU, signal.SIGKILL)


@pytest.mark.parametrize("name", ["pipe", "."])
def test_refuses_other_than_files(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="must be a regular file"):
        read_mat(tmp_path / name)
