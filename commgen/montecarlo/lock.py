"""One run at a time in a folder, and an end to it when the folder is gone."""

import contextlib
import errno
import fcntl
import os
import socket
from pathlib import Path

from commgen._files.whole import LOCK_FILE

_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL}


class FolderLock:
    """A folder that is worked in; use it in a ``with`` statement.

    The kernel frees the lock when the process ends, however it does. A file system that
    has no locks is taken without.

    Parameters
    ----------
    folder
        The folder.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._path = folder / LOCK_FILE
        self._home = self._file = -1

    def __enter__(self) -> "FolderLock":
        """Take the folder if it is there."""
        if self._folder.is_dir():
            self.take()
        return self

    def __exit__(self, *_: object) -> None:
        """Free the folder; the lock's file goes."""
        if self._file >= 0:
            if self.holds:
                self._path.unlink(missing_ok=True)
            os.close(self._file)
        if self._home >= 0:
            os.close(self._home)
        self._home = self._file = -1

    @property
    def holds(self) -> bool:
        """Whether the folder is still the one that was taken."""
        return self._home >= 0 and _same(self._home, self._folder)

    def take(self) -> None:
        """Take the folder, which is made if it is not there; once is enough.

        Raises
        ------
        BlockingIOError
            If another run has it; it says which.
        OSError
            If the folder cannot be written to.
        """
        if self._home >= 0:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._lock(file)
        except BaseException:
            os.close(file)
            raise
        if not _same(file, self._path):  # the one before took it away as it ended
            os.close(file)
            self.take()
            return
        self._file = file
        self._home = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)

    def check(self) -> None:
        """Raise FileNotFoundError if the folder was removed, or is another one."""
        if not self.holds:
            raise FileNotFoundError(
                f"{self._folder} was removed while its run went on; it ends here."
            )

    def _lock(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(file, 200).decode("utf-8", "replace").strip()
            raise BlockingIOError(
                f"{self._folder} is being worked in by {owner or 'another process'}; "
                "wait for it, or choose another folder."
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        os.ftruncate(file, 0)
        os.write(file, f"process {os.getpid()} on {socket.gethostname()}\n".encode())


def _same(file: int, path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return os.path.samestat(os.fstat(file), os.stat(path))
    return False
