"""Channel files that are none, are damaged, or hold what they should not."""

import h5py
import numpy as np
import pytest

from commgen.datasets import ChannelFile, write_channels


def test_missing_file(path):
    with pytest.raises(FileNotFoundError, match=r"no channel file .*channels\.h5"):
        ChannelFile.open(path)


def test_refuses_folders(tmp_path, meta):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        ChannelFile.open(tmp_path)
    with pytest.raises(ValueError, match="must be a regular file, it is a folder"):
        write_channels(tmp_path, np.ones((1, 1, 1, 1, 1), complex), meta)


def test_target_under_a_file_is_an_oserror(tmp_path, meta):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        write_channels(tmp_path / "file" / "c.h5", np.ones((1,) * 5, complex), meta)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n" + b"\0" * 99])
def test_refuses_what_is_not_hdf5(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"channels.h5 cannot be read"):
        ChannelFile.open(path)


def rewritten(path, change):
    """Apply ``change`` to an h5py file at ``path``."""
    with h5py.File(path, "r+") as file:
        change(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.attrs.__delitem__("format"), "but not a channel file.*got None"),
        (lambda f: f.attrs.__setitem__("format", np.bytes_("x")), "got 'x'"),
        (lambda f: f.attrs.__setitem__("version", 2), "version 2; .* reads version 1"),
        (lambda f: f.attrs.__delitem__("meta"), "cannot be read as a channel file"),
        (
            lambda f: f.attrs.__setitem__("meta", np.bytes_("{}")),
            "cannot be read.*domain",
        ),
        (lambda f: f.__delitem__("h"), "cannot be read as a channel file"),
        (lambda f: f.__delitem__("labels"), "cannot be read as a channel file"),
        (lambda f: f["h"].resize(0, axis=0), "empty"),
        (lambda f: f["h"].resize(3, axis=0), "bad label day"),
        (
            lambda f: f["labels/day"].attrs.__setitem__("kind", np.bytes_("x")),
            "kind 'x'",
        ),
    ],
)
def test_refuses_other_layouts(written, change, message):
    rewritten(written, change)
    with pytest.raises(ValueError, match=message) as caught:
        ChannelFile.open(written)
    assert str(written) in str(caught.value)
    assert "\n" not in str(caught.value)


def _elsewhere(name, kind):
    """Return a change that puts an item of a file elsewhere, or nowhere."""

    def change(file):
        item = file.pop(name)
        if not isinstance(kind, str):
            file[name] = kind
            return
        shape, dtype, attributes = item.shape, item.dtype, dict(item.attrs)
        if kind == "external":
            size = int(np.prod(shape)) * dtype.itemsize
            storage = {"external": [("/etc/passwd", 0, size)]}
        else:
            shape = (*shape[:-1], 2**25)
            storage = {"chunks": (*(1 for _ in shape[1:]), 2)}
        file.create_dataset(name, shape, dtype, **storage).attrs.update(attributes)

    return change


def _half(file):
    """Declare twice as many samples as were written."""
    file["h"].resize(2 * file["h"].chunks[0], axis=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_elsewhere("h", "external"), "h must lie in .* storage is elsewhere"),
        (_elsewhere("labels/day", "external"), "day must lie in .* is elsewhere"),
        (_elsewhere("h", h5py.ExternalLink("x.h5", "/h")), "h must lie in .* a link"),
        (_elsewhere("labels", h5py.SoftLink("/axes")), "labels must lie in .* a link"),
        (_elsewhere("labels/day", h5py.SoftLink("/h")), "day must lie in .* a link"),
        (_elsewhere("h", "empty"), "array h declares .* GiB, more than the 0 bytes"),
        (_half, "1 of the 2 pieces of array h are there"),
        (
            lambda f: f.attrs.__setitem__("meta", "{}"),
            "meta must be one value of fixed",
        ),
    ],
)
def test_a_file_holds_its_channels_itself(written, change, message):
    """Nothing else on the machine is read as channels, and nothing allocated."""
    rewritten(written, change)
    with pytest.raises(
        ValueError, match=rf"cannot be read as a channel file.*{message}"
    ):
        ChannelFile.open(written)


def test_refuses_other_than_files(tmp_path):
    (tmp_path / "link").symlink_to("/dev/zero")
    with pytest.raises(OSError, match="must be a regular file, got a device"):
        ChannelFile.open(tmp_path / "link")


def test_refuses_an_h_of_other_type(written):
    def change(file):
        del file["h"]
        file["h"] = np.ones((5, 1, 1, 1, 1))

    rewritten(written, change)
    with pytest.raises(ValueError, match=r"must hold h : .*complex64.*float64"):
        ChannelFile.open(written)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f["h"].__setitem__((0, 0, 0, 0, 0), 1j),
        lambda f: f["labels/day"].__setitem__(0, 99),
        lambda f: f["labels/place"].__setitem__(0, b"x"),
        lambda f: f["labels"].move("day", "night"),
        lambda f: f.attrs.__setitem__(
            "meta", np.bytes_(f.attrs["meta"].replace(b"30000", b"2"))
        ),
    ],
)
def test_verify_finds_every_change(written, change):
    rewritten(written, change)
    with (
        ChannelFile.open(written) as file,
        pytest.raises(ValueError, match="is damaged: its content has the checksum"),
    ):
        file.verify()


def test_appending_to_a_damaged_file_is_refused(written, draw, some_labels):
    rewritten(written, lambda f: f["labels/day"].__setitem__(0, 99))
    with (
        pytest.raises(ValueError, match="is damaged"),
        ChannelFile.append_to(written) as file,
    ):
        file.append(draw((1, 2, 1, 3, 4)), some_labels(1))
