import numpy as np
import pytest
import scipy.io

from commgen.datasets import import_source, open_plain, read_channels


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.npz"


@pytest.mark.parametrize(
    ("shape", "channel_shape"),
    [
        ((3, 8), (3, 1, 1, 1, 8)),
        ((3, 2, 8), (3, 2, 1, 1, 8)),
        ((3, 2, 4, 8), (3, 2, 4, 1, 8)),
        ((3, 2, 4, 5, 8), (3, 2, 4, 5, 8)),
    ],
)
@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_shapes(tmp_path, meta, draw, shape, channel_shape, suffix):
    h, path = draw(shape), tmp_path / f"a{suffix}"
    if suffix == ".npz":
        np.savez(path, h=h)
    else:
        scipy.io.savemat(path, {"h": h})
    import_source(open_plain(path, meta), tmp_path / "c.h5", progress=False)
    read, read_meta, _ = read_channels(tmp_path / "c.h5")
    np.testing.assert_array_equal(read, h.reshape(channel_shape))
    assert read_meta == meta


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_names(tmp_path, meta, draw, suffix):
    path = tmp_path / f"a{suffix}"
    arrays = {"h": draw((3, 8)), "g": draw((2, 8))}
    if suffix == ".npz":
        np.savez(path, **arrays)
    else:
        scipy.io.savemat(path, arrays)
    assert open_plain(path, meta, "g").shape == (2, 1, 1, 1, 8)
    with pytest.raises(ValueError, match=r"array must name one of \['h', 'g'\]"):
        open_plain(path, meta)
    with pytest.raises(ValueError, match=r"no array 'x'; it holds \['h', 'g'\]"):
        open_plain(path, meta, "x")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((2, 3)), "array h must be complex, got float64"),
        (np.ones(2, complex), r"array h must be \[n, subcarriers\].*got \(2,\)"),
        (np.array([{}, None]), r"cannot be read as \.npz: .*pickle"),
    ],
)
def test_refuses_arrays(path, meta, array, message):
    np.savez(path, h=array, allow_pickle=True)
    with pytest.raises(ValueError, match=message):
        open_plain(path, meta, "h")


def test_refuses_damaged_files(path, meta, draw, tmp_path):
    np.savez(path, h=draw((3, 8)))
    content = path.read_bytes()
    for damaged in (b"", b"hello", content[: len(content) // 2], content[:-9]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"a\.npz cannot be read as \.npz"):
            open_plain(path, meta)
    mat = tmp_path / "a.mat"
    scipy.io.savemat(mat, {"h": draw((3, 8))})
    content = mat.read_bytes()
    for damaged in (b"hello", content[:200]):
        mat.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"a\.mat cannot be read as \.mat"):
            open_plain(mat, meta, "h")


def test_refuses_matlab_7_3(tmp_path, meta):
    path = tmp_path / "a.mat"
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(header + bytes(512))
    with pytest.raises(ValueError, match=r"is a MATLAB 7\.3 file; save it .* -v7"):
        open_plain(path, meta)


def test_refuses_paths(tmp_path, meta):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        open_plain(tmp_path / "a.npz", meta)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ValueError, match=r"must be an \.npz or \.mat file"):
        open_plain(tmp_path / "a.txt", meta)
