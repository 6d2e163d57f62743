"""Logs as users post them: of several kinds of packets, of 20 and 40 MHz."""

import numpy as np
import pytest

from commgen.datasets import import_source, kind_of_file, open_intel5300, read_channels
from commgen.datasets._intel5300_grid import EVEN, REPORTED, to_even_grid

HT20, HT40 = 0x10C, 0x90C


@pytest.fixture
def log(tmp_path, intel):
    """Write a log: for each packet its receive antennas, and options of the record."""

    def write(*packets, name="log.dat"):
        records = [
            intel.record(intel.draw(num_rx, 1, k), t_us=k, **options)
            for k, (num_rx, options) in enumerate(packets)
        ]
        path = tmp_path / name
        path.write_bytes(b"".join(records))
        return path

    return write


@pytest.fixture
def imported(tmp_path):
    def run(source):
        import_source(source, tmp_path / "c.h5", progress=False)
        return read_channels(tmp_path / "c.h5")

    return run


def silent(rssi=(0, 0, 0)):
    return {"rssi": rssi}


def test_other_antennas_are_left_out_and_counted(log, imported):
    path = log(*[(3, {})] * 12, *[(2, {})] * 8, *[(1, {})] * 5)
    source = open_intel5300(path)
    told = "left out 13 of 25 packets of other antennas or bandwidth than the most"
    assert source.notes[0].startswith(told)
    assert source.notes[0].endswith("8 of 2 x 1 at 40 MHz, 5 of 1 x 1 at 40 MHz")
    h, meta, labels = imported(source)
    assert h.shape == (12, 3, 1, 1, 30)
    assert "Left out: 13 of 25 packets" in meta.description
    assert labels["t_us"].tolist() == list(range(12))
    assert open_intel5300(path, num_rx=2).shape == (8, 2, 1, 1, 30)
    with pytest.raises(ValueError, match=r"packets of one kind .* strict, got 13 of"):
        open_intel5300(path, strict=True)
    with pytest.raises(ValueError, match="no packet of 3 receive antennas"):
        open_intel5300(log((2, {})), num_rx=3)


def test_the_most_frequent_kind_is_taken_and_of_equals_the_wider(log):
    assert open_intel5300(log((1, {"rate": HT20}), (1, {}))).shape[-1] == 30
    assert open_intel5300(log((1, {}), (2, {}))).shape[1] == 2


def test_silent_packets_are_left_out_by_number(log, imported):
    path = log(*[(3, silent()) if k in (2, 7) else (3, {}) for k in range(10)])
    source = open_intel5300(path)
    assert source.notes[0] == "left out 2 of 10 packets without power (number 2, 7)"
    assert 7 not in imported(source)[2]["t_us"]
    with pytest.raises(ValueError, match=r"log\.dat .* got 2 of 10 .* \(number 2, 7\)"):
        open_intel5300(path, strict=True)
    with pytest.raises(ValueError, match=r"log\.dat has no packet with power"):
        open_intel5300(log((3, silent())))
    many = open_intel5300(log(*[(3, silent())] * 9, (3, {})))
    assert "(number 0, 1, 2, 3, 4, ...)" in many.notes[0]


def test_a_packet_of_another_bandwidth_is_left_out(log, imported):
    source = open_intel5300(log(*[(3, {})] * 4, (3, {"rate": HT20}), (3, {})))
    assert source.notes[0].endswith("3 x 1 at 40 MHz: 1 of 3 x 1 at 20 MHz")
    assert imported(source)[0].shape == (5, 3, 1, 1, 30)


@pytest.mark.parametrize(
    ("perms", "labels", "told"),
    [
        ([(0, 2)] * 2, ["AC", "AC"], "A, C"),
        ([(0, 0)] * 2, ["?", "?"], "not known in which order"),
        ([(1, 2), (2, 0), (1, 2)], ["BC", "AC", "BC"], "B, C in 2; A, C in 1"),
    ],
)
def test_tells_which_antennas(log, imported, perms, labels, told):
    source = open_intel5300(log(*[(2, {"perm": perm}) for perm in perms]))
    assert source.notes[-1].startswith(f"receive antennas: {told}")
    _, meta, found = imported(source)
    assert found["antennas"].tolist() == labels
    assert told in meta.rx_antennas


def test_a_log_of_20_mhz_becomes_an_even_grid(log, imported, intel):
    """Reported subcarriers stay what they are."""
    source = open_intel5300(log(*[(2, {"rate": HT20})] * 3))
    assert "interpolated onto an even grid of 29 subcarriers" in source.notes[0]
    h, meta, _ = imported(source)
    assert h.shape == (3, 2, 1, 1, 29)
    assert (meta.subcarrier_spacing_hz, meta.bandwidth_hz) == (625e3, 20e6)
    assert "14 others interpolated" in meta.description
    csi = intel.draw(2, 1, 1).astype(float) @ [1, 1j]
    both = np.isin(EVEN, REPORTED)
    expected = csi[:, 0, np.isin(REPORTED, EVEN)]
    ratio = h[1, :, 0, 0, both].T / expected
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-5)
    assert both.sum() == 15


def at(subcarriers, gains, tau):
    """Channels of paths at subcarriers of 312.5 kHz, [n, 1, 1, subcarriers]."""
    turn = np.exp(-2j * np.pi * 312.5e3 * tau[:, None] * subcarriers)
    return (gains @ turn)[:, None, None, :]


@pytest.mark.parametrize(
    ("spread_s", "error_db"), [(50e-9, -68), (100e-9, -38), (150e-9, -25)]
)
@pytest.mark.parametrize("offset_s", [0, 200e-9])
def test_error_of_the_even_grid(spread_s, error_db, offset_s):
    """Of exponential profiles, as the documentation states it, at any delay."""
    rng = np.random.default_rng(0)
    tau = np.arange(0, 10 * spread_s, 2.5e-9)
    power = np.exp(-tau / spread_s)
    gains = np.sqrt(power) * (rng.normal(size=(2000, len(tau), 2)) @ [1, 1j])
    tau = tau + offset_s
    h, h_hat = at(EVEN, gains, tau), to_even_grid(at(REPORTED, gains, tau))
    error = np.sum(np.abs(h_hat - h) ** 2) / np.sum(np.abs(h) ** 2)
    assert 10 * np.log10(error) == pytest.approx(error_db, abs=1)


def test_one_path_is_exact_whatever_its_delay():
    tau, gains = np.array([330e-9]), np.array([[2 - 1j], [0.5j]])
    h = to_even_grid(at(REPORTED, gains, tau))
    np.testing.assert_allclose(h, at(EVEN, gains, tau), rtol=1e-10)


@pytest.mark.parametrize("name", ["log", "trace.csi", "A.DAT"])
@pytest.mark.parametrize("rate", [HT20, HT40])
def test_a_log_of_any_name_is_told_by_its_content(log, intel, name, rate):
    path = log((3, {"rate": rate}), (3, {"rate": rate}), name=name)
    assert kind_of_file(path) == "intel5300"
    payload = intel.record(intel.draw(1, 1), code=0xC1)
    path.write_bytes(payload + path.read_bytes())
    assert kind_of_file(path) == "intel5300"
    source = open_intel5300(path)
    assert source.shape[0] == 2
    assert "left out 1 record of other codes (0xc1)" in source.notes[0]


@pytest.mark.parametrize("content", [b"", b"hello, world" * 9, bytes(999)])
def test_other_contents_are_no_log(tmp_path, content):
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(ValueError, match=r"must be a \.npz, \.npy or \.mat file, or a"):
        kind_of_file(tmp_path / "log")


@pytest.mark.measured
def test_a_recorded_log_without_its_suffix(data_root, tmp_path):
    log = data_root / "wifi_polyu_mimo" / "d04_p01_l01.dat"
    (tmp_path / "log").write_bytes(log.read_bytes())
    assert kind_of_file(tmp_path / "log") == "intel5300"
    source = open_intel5300(tmp_path / "log")
    assert source.shape == (498, 3, 2, 1, 30)
    assert "left out 6 of 504 packets" in source.notes[0]
