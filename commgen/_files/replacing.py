"""Put something whole in the place of something old, so that no crash loses both."""

import ctypes
import errno
import os
import shutil
import stat
from pathlib import Path

from commgen._files.temporary import found_aside, lock, set_aside, unlocked

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h
# The kernel or the file system knows no exchange.
_UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


def sync(path: str | Path) -> None:
    """Wait until a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems sync no folders
            raise
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Wait until a folder and all in it is on the disk."""
    for here, _, names in os.walk(folder):
        for name in names:
            sync(Path(here, name))
        sync(here)


def take_after(path: Path, old: os.stat_result) -> None:
    """Give ``path`` and all in it the owner of an older one, and itself its mode."""
    here = path.stat()
    if (here.st_uid, here.st_gid) != (old.st_uid, old.st_gid):
        for each in (path, *path.rglob("*")):
            os.chown(each, old.st_uid, old.st_gid)
    path.chmod(stat.S_IMODE(old.st_mode))


def replace_folder(new: Path, target: Path) -> None:
    """Give ``new`` the name ``target``; an older folder of that name goes.

    At each moment ``target`` is one of the two, or, where the system cannot exchange
    names, there is what :func:`recover_folder` needs.
    """
    if not target.exists():
        os.replace(new, target)
    elif _exchange(new, target):
        sync(target.parent)
        shutil.rmtree(new)
    else:
        _replace_in_two_steps(new, target)
    sync(target.parent)


def recover_folder(target: str | Path) -> None:
    """Bring back a folder whose writer was killed while it was replaced."""
    target = Path(os.path.realpath(target))
    for path in found_aside(target):
        with unlocked(path) as free:
            if free and target.exists():
                shutil.rmtree(path, ignore_errors=True)
            elif free:
                os.rename(path, target)


def _replace_in_two_steps(new: Path, target: Path) -> None:
    old = set_aside(target)
    handle = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    try:
        lock(handle)  # so that nobody else brings it back
        os.rename(target, old)
        os.replace(new, target)
        sync(target.parent)
        shutil.rmtree(old)
    finally:
        os.close(handle)


def _exchange(a: Path, b: Path) -> bool:
    """Exchange two names in one step; False where the system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    names = os.fsencode(a), os.fsencode(b)
    pairs = (_AT_FDCWD, names[0], _AT_FDCWD, names[1])
    if rename(*pairs, _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), str(b))
