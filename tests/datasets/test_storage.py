"""Channel files on a disk that is full, and the same bytes at any time."""

import errno
import os
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from commgen.datasets import ChannelMeta, write_channels
from commgen.datasets._storage import Storage, create_file

META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=15e3)
# A file may not grow beyond so many bytes; the end of the process is part of the test.
FULL = """
import resource, signal, sys
import numpy as np
from commgen.datasets import ChannelMeta, write_channels

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=15e3)
h = np.random.default_rng(1).normal(size=(2000, 1, 1, 1, 8, 2)) @ [1, 1j]
for limit in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, -1))
    try:
        write_channels(sys.argv[1], h, meta, {"day": np.arange(2000)})
    except OSError as error:
        print(error)
"""


def test_a_full_disk_is_told_and_nothing_else(tmp_path):
    path = tmp_path / "c.h5"
    path.write_text("old")
    limits = [0, 100, 5_000, 60_000, 118_000]
    command = [sys.executable, "-c", FULL, path, *map(str, limits)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert run.stdout.splitlines() == [f"[Errno 27] File too large: '{path}'"] * 5
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["c.h5"]


def test_what_the_disk_does_not_take_is_read_back(tmp_path, monkeypatch):
    (tmp_path / "a").touch()
    storage = Storage(tmp_path / "a")
    storage.write(b"abcdef")

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    storage.seek(4)
    storage.write(b"XYZ")
    assert storage.seek(0, os.SEEK_END) == storage.tell() == 7
    storage.seek(1)
    found = bytearray(7)
    storage.readinto(found)
    assert bytes(found) == b"bcdXYZ\0"
    with pytest.raises(OSError, match="No space left"):
        storage.check()
    storage.close()
    storage.close()


def test_the_same_channels_are_the_same_bytes(tmp_path):
    h = np.ones((3, 1, 1, 1, 4), complex)
    labels = {"day": np.arange(3), "name": np.array(["a", "b", "c"])}
    write_channels(tmp_path / "a.h5", h, META, labels)
    time.sleep(1.1)  # the clock of HDF5 counts seconds
    write_channels(tmp_path / "b.h5", h, META, labels)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_other_readers_read_what_storage_wrote(tmp_path):
    (tmp_path / "a.h5").touch()
    storage = Storage(tmp_path / "a.h5")
    file = create_file(storage)
    file["x"] = np.arange(9)
    file.close()
    storage.check()
    storage.close()
    with h5py.File(tmp_path / "a.h5") as file:
        np.testing.assert_array_equal(file["x"], np.arange(9))
