"""Whatever is written comes back; whatever is damaged is refused."""

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as npst

from commgen.datasets import ChannelFile, ChannelMeta, read_channels, write_channels

META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=15e3, time_step_s=1.0)
FEW = settings(max_examples=40, deadline=None)

finite = st.floats(-(2.0**100), 2.0**100, width=32)
channels = npst.arrays(
    np.complex64,
    npst.array_shapes(min_dims=5, max_dims=5, max_side=4),
    elements=st.builds(complex, finite, finite),
)
text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
)
kinds = {
    "bool": (np.bool_, st.booleans()),
    "int": (np.int64, st.integers(-(2**63), 2**63 - 1)),
    "float": (np.float64, st.floats(allow_infinity=False)),
    "str": (np.str_, text),
}
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


@st.composite
def recordings(draw):
    h = draw(channels)
    labels, declared = {}, draw(st.dictionaries(names, st.sampled_from(sorted(kinds))))
    for name, kind in declared.items():
        dtype, values = kinds[kind]
        column = draw(st.lists(values, min_size=len(h), max_size=len(h)))
        labels[name] = np.array(column, dtype)
    return h, labels, declared


@FEW
@given(recordings())
def test_round_trip(recording):
    h, labels, _ = recording
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.h5"
        write_channels(path, h, META, labels)
        h_read, meta, labels_read = read_channels(path)
    assert h_read.tobytes() == h.tobytes()
    assert meta == META
    assert sorted(labels_read) == sorted(labels)
    for name, value in labels.items():
        assert labels_read[name].tolist() == value.tolist() or np.array_equal(
            labels_read[name], value, equal_nan=True
        )


@FEW
@given(recordings(), st.lists(st.integers(0, 4), max_size=4), st.integers(0, 4))
def test_any_split_into_appends_is_one_file(recording, cuts, reopen):
    h, labels, declared = recording
    edges = [0, *sorted(min(cut, len(h)) for cut in cuts), len(h)]
    parts = [slice(*pair) for pair in itertools.pairwise(edges)]
    reopen = min(reopen, len(parts) - 1)
    reopen = reopen if parts[reopen].start > 0 else 0
    with tempfile.TemporaryDirectory() as folder:
        one, many = Path(folder) / "one.h5", Path(folder) / "many.h5"
        write_channels(one, h, META, labels)

        def append(file, some):
            for part in some:
                file.append(h[part], {n: v[part] for n, v in labels.items()})

        with ChannelFile.create(many, META, declared) as file:
            append(file, parts[:reopen] if reopen else parts)
        if reopen:
            with ChannelFile.append_to(many) as file:
                append(file, parts[reopen:])
        with ChannelFile.open(one) as a, ChannelFile.open(many) as b:
            b.verify()
            assert a.checksum == b.checksum
            np.testing.assert_array_equal(a.read(), b.read())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file's bytes, its path, and what is in it."""
    path = tmp_path_factory.mktemp("whole") / "c.h5"
    rng = np.random.default_rng(0)
    h = rng.standard_normal((20, 2, 1, 1, 8)) + 0j
    write_channels(path, h, META, {"day": np.arange(20), "place": np.array(["x"] * 20)})
    return path.read_bytes(), path, path.with_name("damaged.h5"), read_channels(path)


def test_no_text_lies_in_a_heap_without_checksums(whole):
    """A flipped bit in HDF5's global heap can make it loop for ever."""
    assert b"GCOL" not in whole[0]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_truncation_anywhere_is_refused(whole, data):
    content, _, damaged, _ = whole
    damaged.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ValueError, match=r"damaged.h5"):
        read_channels(damaged)


@pytest.mark.timeout(60)
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_flipped_bit_never_changes_what_is_read(whole, data):
    """It is refused, or it hit a byte that HDF5 does not use."""
    content, _, damaged, (h, meta, labels) = whole
    flipped = bytearray(content)
    position = data.draw(st.integers(0, len(content) - 1))
    flipped[position] ^= 1 << data.draw(st.integers(0, 7))
    damaged.write_bytes(flipped)
    try:
        h_read, meta_read, labels_read = read_channels(damaged)
    except ValueError:
        return
    np.testing.assert_array_equal(h_read, h)
    assert meta_read == meta
    assert {n: v.tolist() for n, v in labels_read.items()} == {
        n: v.tolist() for n, v in labels.items()
    }
