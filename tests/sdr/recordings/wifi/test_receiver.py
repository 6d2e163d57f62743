"""Packets that the test sends by the standard, and those of recordings."""

import zlib

import numpy as np
import pytest

from commgen.sdr.recordings.iq import open_iq
from commgen.sdr.recordings.wifi.estimation import ESTIMATORS
from commgen.sdr.recordings.wifi.fields import HtSignal
from commgen.sdr.recordings.wifi.receiver import packets

# The message of annex I.1.2 of IEEE 802.11-2020; its FCS is printed there.
HEADER = bytes.fromhex("0402002e006008cd37a60020d6013cf1006008ad3baf0000")
TEXT = b"Joy, bright spark of divinity,\nDaughter of Elysium,\nFire-insired we trea"
MESSAGE = HEADER + TEXT + bytes.fromhex("673321b6")
QOS = bytes.fromhex("8801 0000 98a1b2c3d4e5 001122334455 98a1b2c3d4e5 0000 0000")


def test_the_message_of_the_annex_is_whole():
    assert len(MESSAGE) == 100
    assert zlib.crc32(MESSAGE).to_bytes(4, "little") == bytes.fromhex("1cdf4421")


@pytest.mark.parametrize("rate", [6, 9, 12, 18, 24, 36, 48, 54])
def test_each_legacy_rate(rate, send, on_air, samples):
    x = on_air(send.legacy(MESSAGE, rate))
    (packet,) = packets(samples(x))
    (frame,) = packet.content.frames
    assert (packet.content.rate_mbps, packet.signal.length) == (rate, 100)
    assert frame.fcs_ok
    assert frame.receiver == "00:60:08:cd:37:a6"
    assert frame.transmitter == "00:20:d6:01:3c:f1"
    assert packet.cfo_hz == pytest.approx(-41e3, abs=300)
    # The echoes carry 0.2 of the first path's power.
    assert packet.snr_db == pytest.approx(30 + 10 * np.log10(1.2 * 64 / 52), abs=1.5)
    # Ten short symbols and two guards stand before, 4 samples are kept of the prefix.
    assert packet.start == 700 + 192 - 4
    assert abs(packet.end - (len(x) - 700)) <= 16


@pytest.mark.parametrize("mcs", range(8))
@pytest.mark.parametrize("short", [False, True])
def test_each_ht_rate(mcs, short, send, on_air, samples):
    psdu = send.with_fcs(QOS + bytes(range(200)))
    signal = send.high_throughput(psdu, mcs, short=short)
    first, second = packets(samples(on_air(signal, signal, snr_db=32)))
    for packet in (first, second):
        assert packet.signal == HtSignal(
            mcs, len(psdu), False, False, False, short, 0, 0
        )
        (frame,) = packet.content.frames
        assert (frame.fcs_ok, frame.kind) == (True, "QoS data")
        assert frame.transmitter == "00:11:22:33:44:55"
    long = (6.5, 13, 19.5, 26, 39, 52, 58.5, 65)[mcs]
    assert first.content.rate_mbps == pytest.approx(long * (10 / 9 if short else 1))


def test_frames_of_an_aggregate_are_right_or_wrong_by_themselves(send, on_air, samples):
    frames = [send.with_fcs(QOS + bytes([k]) * (30 + k)) for k in range(3)]
    frames[1] = frames[1][:-1] + bytes([frames[1][-1] ^ 1])

    def delimiter(length, damage=0):
        bits = [0] * 4 + send.low_first(length, 12)
        bits += send.crc8(bits)
        bits += send.low_first(0x4E, 8)
        return (int("".join(map(str, bits[::-1])), 2) ^ damage).to_bytes(4, "little")

    parts = [delimiter(len(f)) + f + bytes(-len(f) % 4) for f in frames]
    lost = delimiter(len(frames[0]), damage=1 << 6) + parts[0][4:]
    psdu = b"".join([parts[0], delimiter(0), lost, parts[1], parts[2]])
    signal = send.high_throughput(psdu, 3, aggregated=True)
    (packet,) = packets(samples(on_air(signal)))
    assert [f.fcs_ok for f in packet.content.frames] == [True, False, True]
    assert not packet.content.fcs_ok
    assert [f.length for f in packet.content.frames] == [len(f) for f in frames]


def test_what_is_not_decoded_says_why(send, on_air, samples):
    ldpc = send.high_throughput(send.with_fcs(QOS), 0, ldpc=True)
    cut = send.legacy(MESSAGE, 6)
    x = on_air(ldpc, cut)
    found = list(packets(samples(x[:-2000])))
    assert [p.content.missing for p in found] == ["LDPC", "cut"]
    assert not any(p.content.fcs_ok for p in found)


def test_a_signal_field_must_be_possible(send, on_air, samples):
    """Wrong parity, a rate that is none, the reserved bit, tail, and a short length."""
    good = send.legacy_signal(12, 100)
    wrong = {17: good[17] ^ 1, 4: 1, 20: 1}
    fields = [[*good[:k], bit, *good[k + 1 :]] for k, bit in wrong.items()]
    fields += [[0, 0, 0, 0, *good[4:]], send.legacy_signal(12, 13)]
    fields[1][17] ^= 1  # so that its parity is right
    for field in fields:
        x = on_air(send.legacy(MESSAGE, 12, field))
        assert list(packets(samples(x))) == []


def test_neither_noise_nor_tones_are_packets(noisy, samples):
    tone = 30 * np.exp(0.3j * np.arange(20_000))
    steady = np.full(20_000, 20 - 5j)
    x = noisy(300_000, (150_000, tone), (200_000, steady))
    assert list(packets(samples(x))) == []
    assert list(packets(samples(np.zeros(5000)))) == []
    assert list(packets(samples(np.zeros(50)))) == []


def test_blocks_may_cut_a_packet_anywhere(send, on_air, samples):
    signals = [send.legacy(MESSAGE, rate) for rate in (6, 24, 54, 9)]
    x = on_air(*signals)
    whole = [p.start for p in packets(samples(x))]
    assert len(whole) == 4
    for most in (700, 2048, 5001):
        found = list(packets(samples(x, most)))
        assert [p.start for p in found] == whole
        assert all(p.content.fcs_ok for p in found)


def test_damaged_bits_fail_the_check(send, on_air, samples):
    damaged = bytearray(MESSAGE)
    damaged[40] ^= 4
    (packet,) = packets(samples(on_air(send.legacy(bytes(damaged), 24))))
    (frame,) = packet.content.frames
    assert not frame.fcs_ok
    assert (frame.kind, frame.receiver, frame.transmitter) == ("", "", "")


def test_better_estimators_decode_more(send, on_air, samples):
    """20 packets at the SNR where least squares has half of them wrong."""
    x = on_air(*[send.legacy(MESSAGE, 24)] * 20, snr_db=8, gap=400)
    right = {
        name: sum(p.content.fcs_ok for p in packets(samples(x), estimator=estimator))
        for name, estimator in ESTIMATORS.items()
    }
    assert right["ls"] <= 14
    assert min(right[name] for name in ("taps", "lmmse")) > right["ls"]
    assert right["data-aided"] >= right["lmmse"]


@pytest.mark.measured
def test_recorded_packets(data_root):
    """Rate and addresses are those of the names, and each FCS is right."""
    legacy, ht = [], []
    for path in sorted((data_root / "openofdm_wifi_iq").glob("*.dat")):
        words = path.stem.split("_")
        receiver, transmitter = ":".join(words[-12:-6]), ":".join(words[-6:])
        rate = float(words[1].removesuffix("mbps"))
        found = list(packets(open_iq(path, "int16")))
        own = [
            frame
            for packet in found
            if packet.content.rate_mbps == pytest.approx(rate, rel=0.01)
            for frame in packet.content.frames
            if frame.kind == "QoS data"
        ]
        assert len(own) >= 7, path.name
        assert {f.receiver for f in own} == {receiver}
        assert {f.transmitter for f in own} == {transmitter}
        ht += [p for p in found if isinstance(p.signal, HtSignal)]
        legacy += [p for p in found if not isinstance(p.signal, HtSignal)]
    assert len(legacy) >= 219
    assert len(ht) >= 70
    assert all(p.content.fcs_ok for p in legacy)
    assert all(p.content.fcs_ok for p in ht)
