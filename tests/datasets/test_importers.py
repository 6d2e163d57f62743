"""The measured sets, and small ones of the same make."""

import numpy as np
import pytest

from commgen.datasets import (
    catalogue,
    import_source,
    open_intel5300,
    open_polyu,
    open_set,
    open_uwb,
    read_channels,
    split_indices,
)
from commgen.datasets.power import mean_power


@pytest.fixture
def polyu(tmp_path):
    """Write a small archive of the PolyU make; arrays can be changed."""

    def write(**changes):
        rng = np.random.default_rng(0)
        n = 6
        arrays = {
            "csi": rng.integers(-9, 10, (n, 3, 2, 30, 2)).astype(np.int8),
            "t_us": np.arange(n, dtype=np.uint32),
            "rssi": np.full((n, 3), 40, np.uint8),
            "noise": np.full(n, -127, np.int8),
            "agc": np.arange(30, 30 + n).astype(np.uint8),
            "day": np.arange(2, 2 + n).astype(np.uint8),
            "period": np.ones(n, np.uint8),
            "loc": np.ones(n, np.uint8),
        }
        np.savez(tmp_path / "polyu_csi_3x2x30.npz", **{**arrays, **changes})
        return tmp_path

    return write


@pytest.fixture
def uwb(tmp_path):
    """Write a small archive of the UWB make; labels can be changed."""

    def write(labels="file_id,label\n1,LOS\n2,NLOS\n3,NDP NLOS\n"):
        (tmp_path / "labels.csv").write_text(labels)
        real = np.arange(3, dtype=np.float32)
        np.savez(
            tmp_path / "uwb_cir.npz",
            cir=np.full((3, 1016, 2), 5, np.int16),
            config=np.array([3, 1, 2], np.uint8),
            **dict.fromkeys(["dist_m", "rsl_dbm", "fsl_dbm", "first_path"], real),
        )
        return tmp_path

    return write


def test_polyu_power_is_the_received_power(polyu, tmp_path):
    """Three antennas at 40 dB are 44.77 dB; the gain grows by 1 dB a packet."""
    import_source(
        open_polyu(polyu()), tmp_path / "c.h5", normalise="none", progress=False
    )
    h, meta, labels = read_channels(tmp_path / "c.h5")
    assert h.shape == (6, 3, 2, 1, 30)
    power_dbm = 10 * np.log10(6 * mean_power(h, meta))
    np.testing.assert_allclose(power_dbm, 44.7712 - 44 - np.arange(30, 36), atol=1e-3)
    np.testing.assert_allclose(labels["rx_power_dbm"], power_dbm, atol=1e-3)
    assert labels["noise_dbm"].tolist() == [-92] * 6
    assert meta.subcarrier_spacing_hz == 1.25e6
    assert meta.carrier_hz is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"day": np.ones(5, np.uint8)}, r"must hold day : \[6\], real, got \[5\]"),
        ({"csi": np.ones((6, 3, 2, 30))}, r"must hold csi : \[6, 3, 2, 30, 2\]"),
        ({"csi": np.ones((0, 3, 2, 30, 2))}, r"must hold t_us : \[0\]"),
        ({"agc": np.full(6, "a")}, "must hold agc .*<U1"),
        ({"rssi": np.eye(6, 3)}, r"polyu_csi_3x2x30\.npz .* power, packet 3 has none"),
    ],
)
def test_polyu_refuses_other_arrays(polyu, changes, message):
    with pytest.raises(ValueError, match=message):
        open_polyu(polyu(**changes))


def test_uwb_labels(uwb, tmp_path):
    import_source(open_uwb(uwb()), tmp_path / "c.h5", progress=False)
    h, meta, labels = read_channels(tmp_path / "c.h5")
    assert h.shape == (3, 1, 1, 1, 1016)
    np.testing.assert_allclose(mean_power(h, meta), 1, rtol=1e-5)
    assert labels["path"].tolist() == ["NDP", "LOS", "NLOS"]
    assert labels["los"].tolist() == [False, True, False]
    assert meta.sample_rate_hz == 998.4e6


@pytest.mark.parametrize(
    "labels",
    [
        "file_id,label\n1,LOS\n",
        "file_id,label\n1,A\n2,B\n3,C\n",
        "a,b\n1,LOS\n",
        "",
        "file_id,label\n1," + "x" * 200_000,  # longer than a field of csv may be
    ],
)
def test_uwb_refuses_other_labels(uwb, labels):
    with pytest.raises(ValueError, match=r"labels\.csv must have the columns file_id"):
        open_uwb(uwb(labels))


def test_raw_log_is_imported(intel, tmp_path):
    path = tmp_path / "log.dat"
    some = [intel.draw(3, 2, k) for k in range(3)] + [intel.draw(3, 1)]
    path.write_bytes(b"".join(intel.record(csi, perm=(1, 2, 0)) for csi in some))
    import_source(open_intel5300(path), tmp_path / "c.h5", progress=False)
    h, meta, labels = read_channels(tmp_path / "c.h5")
    assert h.shape == (3, 3, 2, 1, 30)
    names = ["antennas", "gain_db", "noise_dbm", "rx_power_dbm", "t_us"]
    assert sorted(labels) == names
    assert labels["antennas"].tolist() == ["ABC"] * 3
    assert "Left out: 1 of 4 packets of other antennas" in meta.description
    csi = np.stack(some[:3])[:, [2, 0, 1]].astype(float)
    csi = (csi[..., 0] + 1j * csi[..., 1])[:, :, :, None, :]
    scale = np.sqrt(mean_power(csi, meta))[:, None, None, None, None]
    np.testing.assert_allclose(h, csi / scale, rtol=1e-5)


@pytest.mark.measured
def test_polyu_whole(data_root, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMGEN_DATA", str(data_root))
    card = catalogue()["wifi_polyu_mimo"]
    source = open_set(card)
    parts = {
        part: split_indices(card, source.labels, part)
        for part in ("train", "validation", "test")
    }
    assert {p: len(rows) for p, rows in parts.items()} == {
        "train": 32640,
        "validation": 8640,
        "test": 7680,
    }
    rows = parts["test"][::8]
    import_source(source, tmp_path / "c.h5", rows=rows, progress=False)
    h, meta, labels = read_channels(tmp_path / "c.h5")
    assert sorted(set(labels["day"])) == [25, 26, 27, 28]
    np.testing.assert_allclose(mean_power(h, meta), 1, rtol=1e-4)
    # Six links share the received power.
    np.testing.assert_allclose(
        labels["gain_db"], labels["rx_power_dbm"] - 10 * np.log10(6), atol=1e-3
    )


@pytest.mark.measured
def test_antennas_of_the_archive_are_those_of_its_rssi(data_root):
    """The power of the channel at each antenna follows that antenna's rssi."""
    source = open_polyu(data_root / "wifi_polyu_mimo")
    rows = np.arange(0, 48960, 10)
    with np.load(data_root / "wifi_polyu_mimo" / "polyu_csi_3x2x30.npz") as archive:
        rssi = archive["rssi"][rows].astype(float)
    power_db = 10 * np.log10(np.mean(np.abs(source.read(rows)) ** 2, axis=(2, 3, 4)))

    def correlation(order):
        apart = power_db - power_db.mean(axis=1, keepdims=True)
        other = rssi[:, order] - rssi.mean(axis=1, keepdims=True)
        return np.corrcoef(apart.ravel(), other.ravel())[0, 1]

    assert correlation([0, 1, 2]) > 0.97
    assert max(correlation([1, 0, 2]), correlation([1, 2, 0])) < 0.8


@pytest.mark.measured
def test_uwb_whole(data_root, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMGEN_DATA", str(data_root))
    card = catalogue()["uwb_apartment_cir"]
    source = open_set(card)
    kinds, counts = np.unique(source.labels["path"], return_counts=True)
    assert dict(zip(kinds.tolist(), counts.tolist(), strict=True)) == {
        "LOS": 600,
        "NDP": 780,
        "NLOS": 780,
    }
    rows = split_indices(card, source.labels, "test")
    assert len(rows) == 660
    import_source(source, tmp_path / "c.h5", rows=rows[::5], progress=False)
    h, meta, labels = read_channels(tmp_path / "c.h5")
    assert (labels["config"] % 4 == 0).all()
    np.testing.assert_allclose(mean_power(h, meta), 1, rtol=1e-4)
    peak = np.abs(h[:, 0, 0, 0]).argmax(axis=-1)
    assert abs(np.median(peak) - 751) <= 5
    assert abs(np.median(labels["first_path"]) - 746) <= 2
