"""The file under a channel file that is being written: it never fails in HDF5's hands.

HDF5 cannot bear an error while it closes: where the disk is full then, the process dies
of it at its end. So errors are kept here, what could not be written stays in memory,
and the writer asks for the error after each step.
"""

import os
from pathlib import Path
from typing import Any

import h5py


class Storage:
    """A file as h5py wants it, which remembers its first error.

    Parameters
    ----------
    path
        File to write and read.
    """

    def __init__(self, path: str | Path):
        self._handle = os.open(path, os.O_RDWR)
        self._offset = self._size = 0
        self._kept: list[tuple[int, bytes]] = []
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the error of a write, if there was one."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset from the start, from here, or from the end."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: self._size}
        self._offset = start[whence] + offset
        return self._offset

    def tell(self) -> int:
        """Return where the next byte is read or written."""
        return self._offset

    def write(self, data: Any) -> int:
        """Write all of ``data``, to memory where the disk takes no more."""
        data = memoryview(data)
        if self._error is None:
            try:
                self._write(data)
            except OSError as error:
                self._error = error
        if self._error is not None:
            self._kept.append((self._offset, bytes(data)))
        self._offset += len(data)
        self._size = max(self._size, self._offset)
        return len(data)

    def readinto(self, buffer: Any) -> int:
        """Read what was written; zeros where nothing was."""
        view = memoryview(buffer)
        view[:] = bytes(len(view))
        os.preadv(self._handle, [view], self._offset)
        for offset, data in self._kept:
            begin = max(offset, self._offset)
            end = min(offset + len(data), self._offset + len(view))
            if begin < end:
                here = data[begin - offset : end - offset]
                view[begin - self._offset : end - self._offset] = here
        self._offset += len(view)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file."""
        size = self._offset if size is None else size
        try:
            os.ftruncate(self._handle, size)
        except OSError as error:
            self._error = self._error or error
        self._size = size
        return size

    def flush(self) -> None:
        """Do nothing: every write has gone to the system already."""

    def _write(self, data: memoryview) -> None:
        done = 0
        while done < len(data):
            done += os.pwrite(self._handle, data[done:], self._offset + done)


def create_file(storage: Storage) -> h5py.File:
    """Begin an HDF5 file that has no times in it: what it holds decides its bytes."""
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    # From 1.10 on HDF5 guards its own metadata with checksums.
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    access.set_fileobj_driver(h5py.h5fd.fileobj_driver, storage)
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_obj_track_times(False)
    name = repr(storage).encode()
    return h5py.File(h5py.h5f.create(name, h5py.h5f.ACC_TRUNC, creation, access))


def create_group(file: h5py.File, name: str) -> h5py.Group:
    """Add a group without times, as h5py adds its data sets."""
    creation = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    creation.set_obj_track_times(False)
    return h5py.Group(h5py.h5g.create(file.id, name.encode(), gcpl=creation))
