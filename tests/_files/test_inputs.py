"""Files of others: regular ones only, and no arrays that cannot be in them."""

import os
import socket

import numpy as np
import pytest

from commgen import _memory
from commgen._files.inputs import (
    check_declared,
    check_input,
    read_input,
    read_input_text,
)
from commgen._files.npz import npz_names, read_npy, read_npz
from commgen._files.whole import read_json, sha256
from commgen._files.yaml_file import read_yaml
from commgen._memory import check_room

READERS = [
    check_input,
    read_input,
    read_input_text,
    read_npz,
    npz_names,
    read_npy,
    read_json,
    read_yaml,
    sha256,
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_readers_take_regular_files_only(read, tmp_path):
    """A pipe without a writer and a device without an end must not be waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for name, kind in (("pipe", "a pipe"), ("link", "a device"), (".", "a folder")):
        with pytest.raises(OSError, match=f"must be a regular file, got {kind}"):
            read(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read(tmp_path / "nothing")


def test_a_socket_and_a_name_with_nul_are_refused(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(OSError, match="must be a regular file, got a socket"):
            check_input(tmp_path / "s")
    with pytest.raises(OSError, match="must be the name of a file"):
        check_input("a\0b")


def test_a_link_is_what_it_leads_to(tmp_path):
    (tmp_path / "a").write_text("text")
    (tmp_path / "b").symlink_to("a")
    assert read_input_text(tmp_path / "b") == "text"


def test_declared_sizes_must_be_possible(monkeypatch):
    check_declared("array h", 1032, 1, packed=True)
    with pytest.raises(
        ValueError, match=r"h declares 1033 bytes, more than the 1 byte"
    ):
        check_declared("array h", 1033, 1, packed=True)
    with pytest.raises(ValueError, match=r"h declares 8 GiB, more than the 64 bytes"):
        check_declared("array h", 2**33, 64, packed=False)
    monkeypatch.setattr(_memory, "available_memory", lambda: 2**21)
    with pytest.raises(ValueError, match=r"array h takes 3 MiB, 2 MiB are free"):
        check_room("array h", 3 * 2**20)


def test_deep_nesting_is_one_line(tmp_path):
    (tmp_path / "a").write_text("[" * 5_000)
    with pytest.raises(ValueError, match=r"at most 50 deep|maximum nesting depth"):
        read_yaml(tmp_path / "a")
    with pytest.raises(ValueError, match="is not valid JSON"):
        read_json(tmp_path / "a")


def _with_shape(raw, shape):
    """Replace the shape in the header of an .npy file; its length stays."""
    header = np.lib.format.magic(1, 0)
    start = raw.index(b"{", len(header))
    end = raw.index(b"\n", start)
    text = f"{{'descr': '<c16', 'fortran_order': False, 'shape': {shape}, }}"
    return raw[:start] + text.encode().ljust(end - start) + raw[end:]


@pytest.fixture
def huge(tmp_path):
    """Write an array whose header declares 8 GiB; return the path."""

    def write(suffix):
        path = tmp_path / f"a{suffix}"
        np.save(tmp_path / "small.npy", np.ones(4, complex))
        raw = _with_shape((tmp_path / "small.npy").read_bytes(), (2**29,))
        if suffix == ".npy":
            path.write_bytes(raw)
            return path
        import zipfile

        kind = zipfile.ZIP_DEFLATED if suffix == ".z.npz" else zipfile.ZIP_STORED
        with zipfile.ZipFile(path, "w", kind) as archive:
            archive.writestr("h.npy", raw)
        return path

    return write


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".z.npz"])
def test_what_is_declared_and_not_there_is_not_allocated(huge, suffix):
    read = read_npy if suffix == ".npy" else read_npz
    with pytest.raises(ValueError, match=r"cannot be read as .* declares 8 GiB"):
        read(huge(suffix))


@pytest.mark.parametrize("shape", [(3,), (5,), (-2, -2)])
def test_arrays_fill_their_entry(tmp_path, shape):
    path = tmp_path / "a.npy"
    np.save(path, np.ones(4, complex))
    path.write_bytes(_with_shape(path.read_bytes(), shape))
    with pytest.raises(ValueError, match=r"a\.npy cannot be read as \.npy: its array"):
        read_npy(path)


def test_npy_round_trip_and_objects(tmp_path):
    path = tmp_path / "a.npy"
    for array in (
        np.arange(6).reshape(2, 3).T,
        np.array(1j),
        np.zeros((0, 3)),
        np.array(["ä"]),
    ):
        np.save(path, array)
        np.testing.assert_array_equal(read_npy(path), array)
    np.save(path, np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="its array holds pickled objects"):
        read_npy(path)
    with path.open("wb") as file:
        np.save(file, np.ones(3))
        np.save(file, np.ones(3))
    with pytest.raises(ValueError, match="its array must take"):
        read_npy(path)
