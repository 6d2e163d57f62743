"""What made an output, and how it is told from what would make it now."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from commgen._files.made import difference, made_by, same_settings
from commgen._files.npz import npz_made, read_npz, write_npz
from commgen._files.picture import mark_picture, picture_made

MADE = made_by("plot", {"n": 3, "path": "kanäle"}, {"run": "a" * 64})


def test_the_order_of_settings_does_not_matter():
    assert made_by("plot", {"path": "kanäle", "n": 3}, {"run": "a" * 64}) == MADE
    assert MADE.isascii()


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (None, "it does not say what made it"),
        (made_by("draw", {"n": 4}), 'command: "draw" there, "plot" here'),
        (made_by("plot", {"n": 4, "path": "kanäle"}), "n: 4 there, 3 here"),
        (
            made_by("plot", {"n": 3, "path": "kanäle"}, {"run": "b" * 64}),
            f"run: {12 * 'b'} there, {12 * 'a'} here",
        ),
    ],
)
def test_the_first_difference_is_told(there, told):
    assert difference(there, MADE) == told


def test_the_same_run_may_have_gone_on():
    before = made_by("plot", {"n": 3, "path": "kanäle"}, {"run": "b" * 64})
    assert same_settings(before, MADE)
    assert not same_settings(made_by("plot", {"n": 4}, {"run": "a" * 64}), MADE)
    assert not same_settings(None, MADE)


def test_arrays_say_what_made_them(tmp_path):
    path = tmp_path / "a.npz"
    write_npz(path, {"x": np.arange(100)}, made=MADE)
    assert npz_made(path) == MADE
    assert list(read_npz(path)) == ["x"]
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot be read as \.npz"):
        npz_made(path)
    write_npz(path, {"x": np.arange(100)})
    assert npz_made(path) is None


def test_pictures_say_what_made_them(tmp_path):
    path = tmp_path / "a.png"
    figure = Figure()
    figure.add_subplot().plot([1, 2])
    figure.savefig(path)
    assert picture_made(path) is None
    mark_picture(path, MADE)
    assert picture_made(path) == MADE
    from matplotlib.image import imread

    assert imread(path).shape[2] == 4
    for damaged in (path.read_bytes()[:-9], b"GIF", b""):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="must be a sound PNG file"):
            picture_made(path)
