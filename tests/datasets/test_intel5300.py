import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from commgen.datasets import read_intel5300
from commgen.datasets.intel5300 import (
    noise_dbm,
    packed_length,
    rx_power_dbm,
    scale_to_noise,
    undo_gain_control,
)


@pytest.fixture
def log(tmp_path):
    def write(*records):
        path = tmp_path / "log.dat"
        path.write_bytes(b"".join(records))
        return path

    return write


def as_complex(csi):
    return csi[..., 0].astype(float) + 1j * csi[..., 1].astype(float)


@pytest.mark.parametrize(("num_rx", "num_tx"), [(1, 1), (2, 1), (3, 2), (3, 3)])
def test_unpacks_what_was_packed(log, intel, num_rx, num_tx):
    some = [intel.draw(num_rx, num_tx, seed) for seed in range(5)]
    path = log(*(intel.record(csi) for csi in some))
    packets = read_intel5300(path)[num_rx, num_tx]
    np.testing.assert_array_equal(packets.csi, [as_complex(csi) for csi in some])
    assert packets.csi.dtype == np.complex64


def test_packed_lengths_are_those_of_the_tool():
    assert packed_length(3, 2) == 372  # as in every 3 x 2 record of the PolyU logs
    assert packed_length(3, 1) == 192
    assert packed_length(1, 1) == 72


@pytest.mark.parametrize("perm", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (1, 0, 2)])
def test_antenna_order_is_undone(log, intel, perm):
    """The k-th receive chain of the record was connected to antenna perm[k]."""
    csi = intel.draw(3, 2)
    packets = read_intel5300(log(intel.record(csi, perm=perm)))[3, 2]
    for k, antenna in enumerate(perm):
        np.testing.assert_array_equal(packets.csi[0, antenna], as_complex(csi)[k])
    assert packets.ordered.all()


def test_impossible_antenna_order_is_left_alone(log, intel):
    csi = intel.draw(3, 1)
    packets = read_intel5300(log(intel.record(csi, perm=(0, 0, 2))))[3, 1]
    np.testing.assert_array_equal(packets.csi[0], as_complex(csi))
    assert packets.ordered.tolist() == [False]


def test_groups_by_antennas_in_order(log, intel):
    a, b, c = intel.draw(3, 2, 1), intel.draw(3, 1, 2), intel.draw(3, 2, 3)
    path = log(
        intel.record(a, t_us=1, noise=-127),
        intel.record(b, t_us=2, rssi=(9, 8, 7), rate=0x10C),
        intel.record(c, t_us=2**32 - 1, agc=44),
    )
    groups = read_intel5300(path)
    assert sorted(groups) == [(3, 1), (3, 2)]
    assert len(groups[3, 2]) == 2
    assert groups[3, 2].t_us.tolist() == [1, 2**32 - 1]
    assert groups[3, 2].noise.tolist() == [-127, -90]
    assert groups[3, 2].agc.tolist() == [30, 44]
    assert groups[3, 2].ht40.tolist() == [True, True]
    assert groups[3, 1].rssi.tolist() == [[9, 8, 7]]
    assert groups[3, 1].ht40.tolist() == [False]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cut=st.integers(1, 394))
def test_truncation_names_the_record(log, intel, cut):
    record = intel.record(intel.draw(3, 2))
    assert len(record) == 395
    path = log(record, record[:-cut])
    message = r"log\.dat is truncated: the record at byte 395 .* --drop-partial leaves"
    with pytest.raises(ValueError, match=message):
        read_intel5300(path)
    found = read_intel5300(path, drop_partial=True)
    assert len(found[3, 2]) == 1
    assert found.left_out == ("a last record that was cut off",)


def test_a_log_of_half_a_record_is_never_accepted(log, intel):
    path = log(intel.record(intel.draw(3, 2))[:50])
    with pytest.raises(ValueError, match="50 are left; no packet comes before"):
        read_intel5300(path, drop_partial=True)


def test_refuses_an_empty_log(log):
    with pytest.raises(ValueError, match="is empty, not a log"):
        read_intel5300(log(b""))


ODD = {
    "payload": (
        lambda record: record(code=0xC1),
        "1 record of other codes (0xc1)",
        "must hold packets alone to be strict, got 1 record of other codes",
    ),
    "damaged": (
        lambda record: record(length=371),
        "1 record whose header contradicts itself (the first at byte 395)",
        "at byte 395: .* 3 x 2 .* 372 bytes, the record says 371",
    ),
    "short": (
        lambda record: b"\x00\x05\xbb" + bytes(4),
        "1 record whose header contradicts itself (the first at byte 395)",
        "at byte 395: its length must be at least 21, got 5",
    ),
    "zeros": (
        lambda record: bytes(512),
        "512 zero bytes at the end",
        "to be strict, got 512 zero bytes",
    ),
    "one zero": (lambda record: b"\0", "1 zero byte at the end", "got 1 zero byte"),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_records_are_left_out_and_counted(log, intel, odd):
    make, told, strict = ODD[odd]
    csi = intel.draw(3, 2)
    other = make(lambda **change: intel.record(csi, **change))
    behind = [] if "zero" in odd else [intel.record(intel.draw(3, 2, 1))]
    path = log(intel.record(csi), other, *behind)
    found = read_intel5300(path)
    assert found.left_out == (told,)
    assert found[3, 2].number.tolist() == list(range(1 + len(behind)))
    np.testing.assert_array_equal(found[3, 2].csi[0], as_complex(csi))
    with pytest.raises(ValueError, match=strict):
        read_intel5300(path, strict=True)


def test_a_plain_log_is_strict(log, intel):
    found = read_intel5300(log(intel.record(intel.draw(3, 2))), strict=True)
    assert found.left_out == ()


def test_refuses_what_holds_no_packet(log, intel):
    path = log(intel.record(intel.draw(3, 2), code=0xC1))
    with pytest.raises(ValueError, match="has no packet, a record of code 0xbb"):
        read_intel5300(path)
    path = log(intel.record(intel.draw(3, 2)), bytes(2), b"\xbb" + bytes(99))
    with pytest.raises(ValueError, match="at byte 395: its length must be at least 1"):
        read_intel5300(path)


@pytest.mark.parametrize(
    ("num_rx", "perm", "order", "antennas"),
    [
        (2, (0, 2), (0, 1), [0, 2]),
        (2, (2, 0), (1, 0), [0, 2]),
        (1, (1,), (0,), [1]),
        (2, (1, 1), (0, 1), [-1, -1]),
        (2, (0, 3), (0, 1), [-1, -1]),
    ],
)
def test_says_which_antennas(log, intel, num_rx, perm, order, antennas):
    csi = intel.draw(num_rx, 1)
    packets = read_intel5300(log(intel.record(csi, perm=perm)))[num_rx, 1]
    assert packets.antennas.tolist() == [antennas]
    assert packets.ordered.tolist() == [antennas[0] >= 0]
    np.testing.assert_array_equal(packets.csi[0], as_complex(csi)[list(order)])


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [
        (11, 4, "at byte 0: antennas must be 1 to 3, got 4 receive and 2 transmit"),
        (12, 0, "at byte 0: antennas must be 1 to 3, got 3 receive and 0 transmit"),
        (12, 1, "3 x 1 antennas takes 192 bytes, the record says 372"),
    ],
)
def test_refuses_impossible_antennas(log, intel, position, value, message):
    record = bytearray(intel.record(intel.draw(3, 2)))
    record[position] = value
    with pytest.raises(ValueError, match=message):
        read_intel5300(log(bytes(record)))


def test_refuses_a_record_too_short_for_its_header(log):
    with pytest.raises(ValueError, match="length must be at least 21, got 5"):
        read_intel5300(log(b"\x00\x05\xbb" + bytes(4)))


def test_received_power_adds_the_antennas():
    """Two equal antennas are 3.01 dB above one; an antenna at 0 was off."""
    power = rx_power_dbm(np.array([[40, 0, 0], [40, 40, 0]]), np.array([30, 30]))
    np.testing.assert_allclose(power, [40 - 44 - 30, 40 - 44 - 30 + 3.0103], atol=1e-4)
    assert rx_power_dbm(np.zeros((1, 3)), np.array([30]))[0] == -np.inf


def test_unmeasured_noise_is_minus_92_dbm():
    assert noise_dbm(np.array([-127, -85])).tolist() == [-92, -85]


def test_gain_control_is_undone(intel):
    """One channel under two gains is one channel."""
    h = as_complex(intel.draw(3, 2))[None]
    loud = undo_gain_control(h, np.array([[40, 38, 36]]), np.array([30]))
    same = undo_gain_control(h / 2, np.array([[37, 35, 33]]), np.array([27]))
    np.testing.assert_allclose(same, loud, rtol=1e-5)
    power = np.mean(np.sum(np.abs(loud) ** 2, axis=(1, 2)))
    total = 10 ** (4.0) + 10 ** (3.8) + 10 ** (3.6)
    assert 10 * np.log10(power) == pytest.approx(10 * np.log10(total) - 74, abs=1e-3)


@pytest.mark.parametrize(("csi", "rssi"), [(0.0, 40), (1.0, 0)])
def test_no_power_no_gain(csi, rssi):
    h = np.full((1, 3, 1, 30), csi)
    with pytest.raises(ValueError, match="must have power, packet 0 of 1 has none"):
        undo_gain_control(h, np.full((1, 3), rssi), np.array([30]))


@pytest.mark.parametrize("num_tx", [1, 2, 3])
def test_scale_to_noise_is_the_tools_formula(intel, num_tx):
    """Number by number, as the tool's documentation states it."""
    csi = as_complex(intel.draw(3, num_tx))
    rssi_mw = (10**4.0 + 10**3.8) * 10**-7.4
    csi_power = (abs(csi) ** 2).sum() / 30
    scale = rssi_mw / csi_power
    noise_mw = 10**-9.0 + scale * 3 * num_tx
    expected = csi * np.sqrt(scale / noise_mw)
    expected *= {1: 1.0, 2: np.sqrt(2), 3: np.sqrt(10**0.45)}[num_tx]
    h = scale_to_noise(
        csi[None], np.array([[40, 38, 0]]), np.array([30]), np.array([-90])
    )
    np.testing.assert_allclose(h[0], expected, rtol=1e-5)


@pytest.mark.measured
@pytest.mark.parametrize(("day", "counts"), [(4, (498, 6)), (27, (664, 13))])
def test_raw_logs_hold_the_packets_of_the_archive(data_root, day, counts):
    """The archive took the first 120 packets of each log, antenna order undone."""
    folder = data_root / "wifi_polyu_mimo"
    groups = read_intel5300(folder / f"d{day:02}_p01_l01.dat")
    assert (len(groups[3, 2]), len(groups[3, 1])) == counts
    packets = groups[3, 2]
    assert packets.ht40.all()
    assert packets.ordered.all()
    with np.load(folder / "polyu_csi_3x2x30.npz", allow_pickle=False) as archive:
        rows = (archive["day"] == day) & (archive["loc"] == 1)
        rows = np.flatnonzero(rows & (archive["period"] == 1))
        assert len(rows) == 120
        np.testing.assert_array_equal(
            packets.csi[:120], as_complex(archive["csi"][rows])
        )
        for name in ("t_us", "rssi", "noise", "agc"):
            np.testing.assert_array_equal(
                getattr(packets, name)[:120], archive[name][rows]
            )
