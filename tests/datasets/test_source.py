import numpy as np
import pytest

from commgen.datasets import (
    ChannelMeta,
    Source,
    import_source,
    read_channels,
)
from commgen.datasets.power import mean_power

DELAY = ChannelMeta(domain="delay", sample_rate_hz=1e6)


@pytest.fixture
def h(draw):
    return draw((7, 2, 1, 1, 4)) * np.arange(1, 8)[:, None, None, None, None]


@pytest.fixture
def source(h, meta):
    return Source(
        meta=meta,
        shape=h.shape,
        read=lambda rows: h[rows],
        labels={"day": np.arange(7)},
        kinds={"day": "int"},
    )


def run(source, path, **options):
    import_source(source, path, progress=False, **options)
    return read_channels(path)


def test_none_keeps_the_power(source, h, tmp_path):
    read, meta, labels = run(source, tmp_path / "c.h5")
    np.testing.assert_array_equal(read, h.astype(np.complex64))
    assert list(labels) == ["day"]
    assert meta == source.meta


def test_packet_gives_each_sample_unit_power_and_can_be_undone(source, h, tmp_path):
    read, meta, labels = run(source, tmp_path / "c.h5", normalise="packet")
    np.testing.assert_allclose(mean_power(read, meta), 1, rtol=1e-5)
    gain = 10 ** (labels["gain_db"] / 20)
    np.testing.assert_allclose(read * gain[:, None, None, None, None], h, rtol=1e-5)
    assert "every sample scaled" in meta.normalisation


def test_set_takes_one_factor(source, h, tmp_path):
    read, meta, labels = run(source, tmp_path / "c.h5", normalise="set")
    assert mean_power(read, meta).mean() == pytest.approx(1, rel=1e-5)
    assert len(set(labels["gain_db"])) == 1
    np.testing.assert_allclose(read * 10 ** (labels["gain_db"][0] / 20), h, rtol=1e-5)
    assert "one factor" in meta.normalisation


def test_power_of_taps_is_that_of_their_frequency_response(draw):
    """Parseval: an orthonormal transform is not asked for, only the mean of |H|^2."""
    h = draw((3, 2, 2, 1, 16))
    response = np.fft.fft(h, axis=-1)
    np.testing.assert_allclose(
        mean_power(h, DELAY),
        np.mean(np.abs(response) ** 2, axis=(1, 2, 3, 4)),
        rtol=1e-5,
    )


def test_rows_and_the_default_of_the_source(h, meta, tmp_path):
    source = Source(
        meta=meta, shape=h.shape, read=lambda rows: h[rows], normalise="packet"
    )
    read, _, labels = run(source, tmp_path / "c.h5", rows=np.array([5, 2]))
    assert read.shape[0] == 2
    np.testing.assert_allclose(
        labels["gain_db"], 10 * np.log10(mean_power(h[[5, 2]], meta)), rtol=1e-6
    )


def test_large_recordings_are_read_in_blocks(meta, tmp_path):
    """Never more than 8 MiB of channels at a time."""
    sizes = []

    def read(rows):
        sizes.append(len(rows))
        return np.ones((len(rows), 1, 1, 1, 2**17), np.complex64)

    source = Source(meta=meta, shape=(20, 1, 1, 1, 2**17), read=read)
    import_source(source, tmp_path / "c.h5", progress=False)
    assert sizes == [8, 8, 4]


def test_shows_progress_on_standard_error(source, tmp_path, capsys):
    import_source(source, tmp_path / "c.h5")
    out, err = capsys.readouterr()
    assert out == ""
    assert "importing" in err
    assert "7/7" in err


@pytest.fixture
def small_blocks(monkeypatch):
    """Walk over two samples at a time."""
    monkeypatch.setattr("commgen.datasets.walk._BLOCK_BYTES", 2 * 8 * 8)


@pytest.mark.usefixtures("small_blocks")
def test_silent_sample_is_named_by_its_number_in_the_file(source, h, tmp_path):
    h[[3, 6]] = 0
    with pytest.raises(ValueError, match=r"sample 3 is all zero \(2 of 7 samples are"):
        run(source, tmp_path / "c.h5", normalise="packet")
    with pytest.raises(ValueError, match=r"sample 6 is all zero \(1 of 2 samples are"):
        run(source, tmp_path / "c.h5", normalise="packet", rows=np.array([5, 6]))
    assert list(tmp_path.iterdir()) == []
    assert run(source, tmp_path / "c.h5", normalise="set")[0][3].max() == 0
    h[:] = 0
    with pytest.raises(ValueError, match="all samples are all zero"):
        run(source, tmp_path / "d.h5", normalise="set")


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("mode", ["none", "packet", "set"])
def test_bad_entries_are_counted_and_named_by_their_index(source, h, tmp_path, mode):
    """Warnings are errors here: NumPy must have none."""
    h[3, 1, 0, 0, 2] = np.nan
    place = r"index \(3, 1, 0, 0, 2\), \(n, rx, tx, t, k\)"
    with pytest.raises(ValueError, match=f"got 1 NaN or infinite entry, at {place}"):
        run(source, tmp_path / "c.h5", normalise=mode)
    h[6, 0, 0, 0, 0] = np.inf
    with pytest.raises(ValueError, match=f"got 2 .* entries, the first at {place}"):
        run(source, tmp_path / "c.h5", normalise=mode)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("factor", [1e-50, 1e50])
def test_amplitudes_beyond_single_precision(source, h, tmp_path, factor):
    """They are scaled where that is asked for, and refused where it is not."""
    ordinary = {
        m: run(source, tmp_path / "c.h5", normalise=m) for m in ("packet", "set")
    }
    h *= factor
    with pytest.raises(ValueError, match=r"sample 0 has at most .*e[+-].* set would"):
        run(source, tmp_path / "d.h5")
    for mode, (wanted, _, before) in ordinary.items():
        read, _, labels = run(source, tmp_path / "d.h5", normalise=mode)
        np.testing.assert_allclose(read, wanted, rtol=1e-5)
        gain_db = labels["gain_db"] - before["gain_db"]
        np.testing.assert_allclose(gain_db, 20 * np.log10(factor))


def test_amplitudes_beyond_what_can_be_scaled(source, h, tmp_path):
    h[2] = 1e-200
    with pytest.raises(ValueError, match=r"from 1e-150 to 1e\+150, or 0; sample 2 has"):
        run(source, tmp_path / "c.h5", normalise="packet")
    h[2] = 1e-60
    with pytest.raises(ValueError, match=r"sample 2 has .* of the mean of all"):
        run(source, tmp_path / "c.h5", normalise="set")


def test_refuses_options(source, tmp_path):
    with pytest.raises(ValueError, match=r"normalise must be one of .*got 'all'"):
        run(source, tmp_path / "c.h5", normalise="all")
    with pytest.raises(ValueError, match="rows must hold at least one sample"):
        run(source, tmp_path / "c.h5", rows=np.array([], int))
