import numpy as np
import pytest

from commgen.datasets.repack import pack_polyu, pack_uwb, repack


@pytest.fixture
def raw(tmp_path, intel):
    """Write a clone of the PolyU repository with one log of ``num_packets``."""

    def write(num_packets, tail=b""):
        folder = tmp_path / "clone" / "01_rawdata" / "d05"
        folder.mkdir(parents=True)
        records = [intel.record(intel.draw(3, 2, k), t_us=k) for k in range(3)]
        records = [records[k % 3] for k in range(num_packets)]
        for name in ("d05_p02_l07.dat", "d05_p03_l07.dat"):
            (folder / name).write_bytes(b"".join(records) + tail)
        return tmp_path / "clone"

    return write


def uwb_log(num_responses):
    """A log as DecaRanging writes it; every second reception failed."""
    lines = ["File: x"]
    for k in range(num_responses):
        if k == 2:
            lines.append("Anchor ToF: 8.986 ns Dist: 2.693148 m DistRaw: 2.6 m")
        lines += [
            "",
            "RX E WInd(0735), PSC(0271)"
            if k % 2
            else f"RX OK WInd(0735), HLP(0{700 + k}.5), PSC(0274), NTH(077A), "
            f"RSL(-0{50 + k}.5), FSL(-081.7507), RSMPL(31)",
            "Accum Len 1016",
            *(f"{k}, {-tap}" for tap in range(1016)),
        ]
    return "\n".join(lines)


def test_polyu_takes_120_packets_of_periods_1_and_2(raw, intel, tmp_path):
    clone = raw(130, tail=b"\x01\x89\xbb cut off")
    path = repack("wifi_polyu_mimo", clone, tmp_path / "out")
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive)
    assert path.name == "polyu_csi_3x2x30.npz"
    assert arrays["csi"].shape == (120, 3, 2, 30, 2)
    np.testing.assert_array_equal(arrays["csi"][4], intel.draw(3, 2, 1))
    assert arrays["t_us"][:5].tolist() == [0, 1, 2, 0, 1]
    assert {name: array.dtype.str[1:] for name, array in arrays.items()} == {
        "csi": "i1",
        "t_us": "u4",
        "rssi": "u1",
        "noise": "i1",
        "agc": "u1",
        "day": "u1",
        "period": "u1",
        "loc": "u1",
    }
    assert [set(arrays[k].tolist()) for k in ("day", "period", "loc")] == [
        {5},
        {2},
        {7},
    ]


def test_polyu_needs_120_packets(raw):
    with pytest.raises(ValueError, match=r"d05_p02_l07\.dat must hold 120 packets"):
        pack_polyu(raw(119))


def test_uwb_takes_60_responses(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "12.log").write_text(uwb_log(62))
    arrays = pack_uwb(tmp_path)
    assert arrays["cir"].shape == (60, 1016, 2)
    assert arrays["cir"][3, :3].tolist() == [[3, 0], [3, -1], [3, -2]]
    assert arrays["config"].tolist() == [12] * 60
    np.testing.assert_allclose(arrays["dist_m"][:3], [np.nan, np.nan, 2.693148])
    assert arrays["first_path"][:3].tolist() == [700.5, 700.5, 702.5]
    assert arrays["rsl_dbm"][:3].tolist() == [-50.5, -50.5, -52.5]
    assert arrays["noise_thr"][0] == 0x77A


def test_uwb_needs_60_responses(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "12.log").write_text(uwb_log(59))
    with pytest.raises(ValueError, match=r"12\.log must hold 60 responses, got 59"):
        pack_uwb(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"), [("3, -1", "3, x"), ("3, -1", "3, 99999"), ("3, -1\n", "")]
)
def test_a_damaged_uwb_log_is_named(tmp_path, old, new):
    (tmp_path / "results").mkdir()
    text = uwb_log(62)
    assert old in text
    (tmp_path / "results" / "12.log").write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"12\.log is damaged: "):
        pack_uwb(tmp_path)


def test_refuses(tmp_path):
    with pytest.raises(ValueError, match=r"name must be one of .*got 'lte_iq'"):
        repack("lte_iq", tmp_path, tmp_path)
    with pytest.raises(ValueError, match="holds no logs of this set"):
        repack("wifi_polyu_mimo", tmp_path, tmp_path)
    assert list(tmp_path.iterdir()) == []
