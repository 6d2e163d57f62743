import h5py
import numpy as np
import pytest

from commgen.datasets import ChannelFile, ChannelMeta, read_channels, write_channels

KINDS = {"los": "bool", "day": "int", "power_dbm": "float", "place": "str"}


def test_gives_back_what_was_written(written, meta, draw, some_labels):
    h, read_meta, labels = read_channels(written)
    assert h.dtype == np.complex64
    np.testing.assert_array_equal(h, draw((5, 2, 1, 3, 4)))
    assert read_meta == meta
    for name, value in some_labels(5).items():
        np.testing.assert_array_equal(labels[name], value)
    assert {n: v.dtype.kind for n, v in labels.items()} == {
        "los": "b",
        "day": "i",
        "power_dbm": "f",
        "place": "U",
    }


def test_layout_is_the_documented_one(written):
    with h5py.File(written) as file:
        assert file.attrs["format"] == b"commgen-channels"
        assert file.attrs["version"] == 1
        assert file["h"].compression == "gzip"
        assert file["h"].fletcher32
        names = [b"sample", b"rx_ant", b"tx_ant", b"time", b"subcarrier"]
        assert file["h"].attrs["axes"].tolist() == names
        axes = file["axes"]
        assert axes["subcarrier"][()].tolist() == [-60e3, -30e3, 0, 30e3]
        assert axes["subcarrier"].attrs["unit"] == b"Hz"
        assert axes["time"][()].tolist() == [0, 1e-3, 2e-3]
        assert file["labels/place"].attrs["kind"] == b"str"


def test_axis_of_taps_is_in_seconds(path, draw):
    meta = ChannelMeta(domain="delay", sample_rate_hz=2e6)
    write_channels(path, draw((1, 1, 1, 1, 3)), meta)
    with h5py.File(path) as file:
        assert file["axes/tap"][()].tolist() == [0, 5e-7, 1e-6]
        assert file["axes/tap"].attrs["unit"] == b"s"


@pytest.mark.parametrize(
    "rows",
    [None, slice(1, 4), slice(None, None, -2), [3, 0, 3], np.array([], int)],
)
def test_reads_rows_like_numpy(written, draw, rows):
    h = draw((5, 2, 1, 3, 4))
    with ChannelFile.open(written) as file:
        np.testing.assert_array_equal(file.read(rows), h if rows is None else h[rows])


def test_reads_a_mask(written, draw):
    mask = np.array([True, False, False, True, True])
    with ChannelFile.open(written) as file:
        np.testing.assert_array_equal(file.read(mask), draw((5, 2, 1, 3, 4))[mask])


def test_reads_rows_across_chunks(path, meta, draw):
    """Chunks hold 2**18 bytes, so 8 samples of 4096 entries each."""
    h = draw((30, 1, 1, 1, 4096))
    write_channels(path, h, meta)
    rows = np.random.default_rng(0).integers(0, 30, 50)
    with ChannelFile.open(path) as file:
        assert file._file["h"].chunks[0] == 8
        np.testing.assert_array_equal(file.read(rows), h[rows])


def test_batches_cover_the_file(written, draw):
    with ChannelFile.open(written) as file:
        batches = list(file.batches(2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(batches), draw((5, 2, 1, 3, 4)))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([-1], "from 0 to 4, got -1"),
        ([0, 5], "from 0 to 4, got 5"),
        ([True, False], "mask of 5 entries, got 2"),
        ([0.5], "whole numbers or a mask, got float64"),
        ([[1]], r"shape \(1, 1\)"),
    ],
)
def test_refuses_rows(written, rows, message):
    with ChannelFile.open(written) as file, pytest.raises(ValueError, match=message):
        file.read(rows)


def test_appending_is_writing_at_once(written, path, meta, draw, tmp_path, some_labels):
    other = tmp_path / "other.h5"
    h = draw((5, 2, 1, 3, 4))
    with ChannelFile.create(other, meta, KINDS) as file:
        file.append(h[:2], some_labels(2))
    with ChannelFile.append_to(other) as file:
        assert len(file) == 2
        file.append(h[2:], some_labels(3, start=2))
    with ChannelFile.open(other) as one, ChannelFile.open(written) as all_at_once:
        one.verify()
        assert one.checksum == all_at_once.checksum


def test_failed_append_leaves_the_file(written, draw, some_labels):
    before = written.read_bytes()

    def fail():
        with ChannelFile.append_to(written) as file:
            file.append(draw((1, 2, 1, 3, 4)), some_labels(1))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert written.read_bytes() == before
    assert list(written.parent.iterdir()) == [written]


def test_nothing_is_left_of_a_failed_file(path, meta, draw):
    def interrupt():
        with ChannelFile.create(path, meta) as file:
            file.append(draw((1, 1, 1, 1, 4)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert list(path.parent.iterdir()) == []


def test_refused_append_leaves_the_writer_usable(path, meta, draw):
    with ChannelFile.create(path, meta, {"day": "int"}) as file:
        file.append(draw((2, 1, 1, 1, 4)), {"day": [1, 2]})
        with pytest.raises(ValueError, match="one value for each of the 1 samples"):
            file.append(draw((1, 1, 1, 1, 4)), {"day": [1, 2]})
    assert len(read_channels(path)[0]) == 2


def test_makes_the_folder(tmp_path, meta, draw):
    path = tmp_path / "a" / "b" / "c.h5"
    write_channels(path, draw((1, 1, 1, 1, 1)), meta)
    assert len(read_channels(path)[0]) == 1


@pytest.mark.parametrize(
    ("h", "error", "message"),
    [
        (np.ones((1, 1, 1, 1, 2)), TypeError, "h must be complex, got float64"),
        (np.ones((1, 1, 2), complex), ValueError, "h must be .*got 3 dimensions"),
        (np.ones((1, 0, 1, 1, 2), complex), ValueError, "no axis of length 0"),
        (np.full((1, 1, 1, 1, 2), np.nan + 0j), ValueError, "must be finite, got 2"),
        (np.full((1, 1, 1, 1, 2), 1e300 + 0j), ValueError, r"sample 0 .* 1e\+300\."),
        (np.full((2, 1, 1, 1, 2), 1e-50j), ValueError, r"sample 0 .* at most 1e-50\."),
        (np.ones((1, 2, 1, 1, 2), complex), ValueError, r"\[num_samples, 1, 1, 1, 2\]"),
    ],
)
def test_refuses_channels(path, meta, h, error, message):
    with ChannelFile.create(path, meta) as file:
        file.append(np.ones((1, 1, 1, 1, 2), complex))
        with pytest.raises(error, match=message):
            file.append(h)


def test_time_steps_need_a_time_step(path):
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=1.0)
    with pytest.raises(ValueError, match=r"time_step_s must be given.*got 3"):
        write_channels(path, np.ones((1, 1, 1, 3, 1), complex), meta)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ({}, ValueError, "label 'day' is missing"),
        (None, ValueError, "label 'day' is missing"),
        ({"day": [1], "hour": [1]}, ValueError, "label 'hour' is unknown"),
        ({"day": [1, 2]}, ValueError, "one value for each of the 1 samples"),
        ({"day": [0.5]}, TypeError, "label day must be int, got float64"),
        ({"day": np.array([2**63], np.uint64)}, ValueError, "fit into 64 bits"),
    ],
)
def test_refuses_labels(path, meta, labels, error, message):
    with ChannelFile.create(path, meta, {"day": "int"}) as file:
        file.append(np.ones((1, 1, 1, 1, 2), complex), {"day": [1]})
        with pytest.raises(error, match=message):
            file.append(np.ones((1, 1, 1, 1, 2), complex), labels)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("float", [np.inf], "must be finite, or NaN"),
        ("float", [np.longdouble("1e400")], "must be finite, or NaN"),
        ("str", ["a\0b"], "text without NUL"),
        ("str", ["\ud800"], "text without NUL"),
    ],
)
def test_refuses_label_values(path, meta, kind, value, message):
    with (
        pytest.raises(ValueError, match=message),
        ChannelFile.create(path, meta, {"x": kind}) as file,
    ):
        file.append(np.ones((1, 1, 1, 1, 2), complex), {"x": value})


@pytest.mark.parametrize(
    ("labels", "message"),
    [({"day": "date"}, "label day must be one of"), ({"a/b": "int"}, "got 'a/b'")],
)
def test_refuses_declarations(path, meta, labels, message):
    with (
        pytest.raises(ValueError, match=message),
        ChannelFile.create(path, meta, labels),
    ):
        pass


def test_refuses_meta_of_another_type(path):
    with pytest.raises(TypeError, match="meta must be a ChannelMeta, got dict"):
        write_channels(path, np.ones((1, 1, 1, 1, 1), complex), {})


def test_refuses_objects_as_labels(path, meta):
    with pytest.raises(TypeError, match="label x must be bool, int, float or str"):
        write_channels(path, np.ones((1, 1, 1, 1, 1), complex), meta, {"x": [None]})


def test_refuses_to_close_without_samples(path, meta):
    message = "at least one sample, got 0"
    with pytest.raises(ValueError, match=message), ChannelFile.create(path, meta):
        pass
    with (
        pytest.raises(ValueError, match=message),
        ChannelFile.create(path, meta) as file,
    ):
        file.append(np.ones((0, 1, 1, 1, 1), complex))
    assert not path.exists()
