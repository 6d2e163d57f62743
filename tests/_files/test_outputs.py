"""Where one may write, and what an output keeps of the file before it."""

import os
import socket
import stat

import pytest

from commgen._files import whole
from commgen._files.outputs import check_output, check_output_folder
from commgen._files.whole import atomic_path, write_text


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_mode_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == 0o640


def test_a_replaced_file_keeps_mode_and_owner(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    owner = path.stat().st_uid, path.stat().st_gid
    with atomic_path(path) as temporary:
        assert mode(temporary) == 0o600  # nobody else may read it meanwhile
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert mode(path) == 0o600
    assert (path.stat().st_uid, path.stat().st_gid) == owner


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_written_through(there, tmp_path):
    (tmp_path / "folder").mkdir()
    if there:
        (tmp_path / "folder" / "real").write_text("old")
    (tmp_path / "link").symlink_to("folder/real")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "real").read_text() == "new"
    assert os.listdir(tmp_path / "folder") == ["real"]


def test_devices_pipes_sockets_and_folders_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    server.close()
    (tmp_path / "device").symlink_to("/dev/null")
    for kind in ("pipe", "folder", "socket", "device"):
        for write in (check_output, lambda path: write_text(path, "x")):
            with pytest.raises(ValueError, match=f"regular file, it is a {kind}"):
                write(tmp_path / kind)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_what_stands_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError, match="file must be a folder"):
        check_output(tmp_path / "file" / "a" / "b")
    with pytest.raises(ValueError, match="must be a folder, it is a file"):
        check_output_folder(tmp_path / "file")
    with pytest.raises(OSError, match="proc/1/none"):
        check_output("/proc/1/none")
    check_output(tmp_path / "new" / "a")
    check_output_folder(tmp_path / "new" / "a")
    assert os.listdir(tmp_path) == ["file"]


def test_folders_made_for_a_file_go_where_it_does_not_come(tmp_path):
    with (
        pytest.raises(OSError, match=r"No space left on device: '.*/a/b/c'"),
        atomic_path(tmp_path / "a" / "b" / "c"),
    ):
        raise OSError(28, "No space left on device")
    assert os.listdir(tmp_path) == []


def test_a_file_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """A crash of the machine may not leave an empty file of this name."""
    steps = []
    for name in ("fsync", "replace"):
        true = getattr(os, name)

        def noted(*arguments, name=name, true=true):
            steps.append(name)
            return true(*arguments)

        monkeypatch.setattr(whole.os, name, noted)
    write_text(tmp_path / "a", "x")
    assert steps == ["fsync", "replace", "fsync"]
