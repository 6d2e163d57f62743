import numpy as np
import pytest
import scipy.io

from commgen.datasets import import_source, open_plain, read_channels


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.npz"


SHAPES = {
    (3, 8): (3, 1, 1, 1, 8),
    (3, 2, 8): (3, 2, 1, 1, 8),
    (3, 2, 4, 8): (3, 2, 4, 1, 8),
    (3, 2, 4, 5, 8): (3, 2, 4, 5, 8),
}
SAVERS = {
    ".npz": lambda path, h: np.savez(path, h=h),
    ".npy": np.save,
    ".mat": lambda path, h: scipy.io.savemat(path, {"h": h}),
}


@pytest.mark.parametrize(
    ("suffix", "shape"),
    [(suffix, shape) for suffix in (".npz", ".npy") for shape in SHAPES]
    + [(".mat", (3, 2, 4, 5, 8))],
)
def test_shapes(tmp_path, meta, draw, shape, suffix):
    h, path = draw(shape), tmp_path / f"a{suffix}"
    SAVERS[suffix](path, h)
    source = open_plain(path, meta)
    names = {2: "sample, subcarrier", 3: "sample, rx, subcarrier"}.get(h.ndim, "")
    assert f"{list(shape)} read as {names}" in source.notes[0]
    import_source(source, tmp_path / "c.h5", progress=False)
    read, read_meta, _ = read_channels(tmp_path / "c.h5")
    np.testing.assert_array_equal(read, h.reshape(SHAPES[shape]))
    assert read_meta == meta


@pytest.mark.parametrize("suffix", [".NPZ", ".Npy", "", ".bin"])
def test_a_suffix_in_capitals_or_an_unknown_one(tmp_path, meta, draw, suffix):
    save = np.save if suffix == ".Npy" else SAVERS[".npz"]
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as file:
        save(file, draw((3, 8)))
    assert open_plain(path, meta).shape == (3, 1, 1, 1, 8)


def test_axes_are_those_that_are_named(path, meta, draw):
    """Whatever their order; the others have length 1."""
    h = draw((4, 5, 6))
    np.savez(path, h=h)
    source = open_plain(path, meta, axes=["subcarrier", "rx", "sample"])
    assert source.notes == ("array h [4, 5, 6] read as subcarrier, rx, sample",)
    read = source.read(np.arange(6))
    np.testing.assert_array_equal(read, h.transpose(2, 1, 0)[:, :, None, None])
    source = open_plain(path, meta, axes=["time", "subcarrier", "tx"])
    np.testing.assert_array_equal(source.read([0]), h.transpose(2, 0, 1)[None, None])
    np.savez(path, h=h[0, 0])
    assert open_plain(path, meta, axes=["subcarrier"]).shape == (1, 1, 1, 1, 6)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (["sample", "subcarrier"], r"axes must name the 3 axes of array h \[4, 5, 6\]"),
        (["sample", "rx", "tap"], "axes must be of sample, .*, got 'sample, rx, tap'"),
        (["rx", "rx", "subcarrier"], "each at most once, got 'rx, rx, subcarrier'"),
        ([], "each at most once, got ''"),
    ],
)
def test_refuses_axes(path, meta, draw, axes, message):
    np.savez(path, h=draw((4, 5, 6)))
    with pytest.raises(ValueError, match=message):
        open_plain(path, meta, axes=axes)


@pytest.mark.parametrize(
    ("names", "array"),
    [
        (("a", "b"), "a,b"),
        (("a", "b"), "a, b"),
        (("h_real", "h_imag"), "h"),
        (("h_re", "h_im"), "h"),
        (("h_r", "h_i"), "h"),
    ],
)
def test_parts_in_two_arrays(path, meta, draw, names, array):
    h = draw((3, 8))
    np.savez(path, **{names[0]: h.real, names[1]: h.imag})
    source = open_plain(path, meta, array)
    np.testing.assert_array_equal(source.read(np.arange(3))[:, 0, 0, 0], h)
    with pytest.raises(ValueError, match="array must name one of"):
        open_plain(path, meta)
    with pytest.raises(ValueError, match=r"must be complex, .* named by --array RE,IM"):
        open_plain(path, meta, names[0])


def test_parts_must_fit(path, meta):
    np.savez(path, a=np.ones((3, 8)), b=np.ones((3, 7)), c=np.ones((3, 8), complex))
    for array in ("a,b", "a,c"):
        with pytest.raises(ValueError, match="must be real and of one shape, got"):
            open_plain(path, meta, array)
    np.savez(path, a=np.full((3, 8), 2, np.int16), b=np.full((3, 8), -3, np.int8))
    h = open_plain(path, meta, "a,b").read(np.arange(3))
    np.testing.assert_array_equal(h, np.full((3, 1, 1, 1, 8), 2 - 3j))


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_names(tmp_path, meta, draw, suffix):
    path = tmp_path / f"a{suffix}"
    arrays = {"h": draw((3, 8)), "g": draw((2, 8))}
    if suffix == ".npz":
        np.savez(path, **arrays)
    else:
        scipy.io.savemat(path, arrays)
    assert open_plain(path, meta, "g").shape == (2, 1, 1, 1, 8)
    with pytest.raises(
        ValueError, match=r"array must name one of \['h', 'g'\] .*--array"
    ):
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


def test_refuses_damaged_files(path, meta, draw):
    np.savez(path, h=draw((3, 8)))
    content = path.read_bytes()
    for damaged in (b"", b"hello", content[: len(content) // 2], content[:-9]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"a\.npz cannot be read as \.npz"):
            open_plain(path, meta)


def test_refuses_paths(tmp_path, meta, draw):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        open_plain(tmp_path / "a.npz", meta)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ValueError, match=r"must be a \.npz, \.npy or \.mat file"):
        open_plain(tmp_path / "a.txt", meta)
    (tmp_path / "a.dat").write_text("x")
    with pytest.raises(ValueError, match=r"must be an \.npz, \.npy or \.mat file"):
        open_plain(tmp_path / "a.dat", meta)
    np.save(tmp_path / "a.npy", draw((3, 8)))
    with pytest.raises(ValueError, match=r"must be left out: .* without a name, got h"):
        open_plain(tmp_path / "a.npy", meta, "h")
