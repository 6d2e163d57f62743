"""Mode S: messages that the test keys by Annex 10, and those of a recording."""

from collections import Counter

import numpy as np
import pytest

from commgen.sdr.recordings.adsb.message import told
from commgen.sdr.recordings.adsb.receiver import candidates, messages
from commgen.sdr.recordings.adsb.report import aircraft_rows, message_rows
from commgen.sdr.recordings.iq import open_iq

POLYNOMIAL = 0x1FFF409
# Of J. Sun, The 1090 MHz Riddle, 2nd ed.: callsign KLM1023, altitude 38,000 ft,
# 159 kt over ground to 182.88 deg falling by 832 ft/min.
KLM = "8D4840D6202CC371C32CE0576098"
HEIGHT = "8D40621D58C382D690C8AC2863A7"
SPEED = "8D485020994409940838175B284F"


def bits_of(text):
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8))


def with_parity(body, overlay=0):
    """Append the remainder of the message polynomial, by long division."""
    rest = int("".join(map(str, body)), 2) << 24
    for k in range(len(body) - 1, -1, -1):
        if rest >> (k + 24) & 1:
            rest ^= POLYNOMIAL << k
    parity = rest ^ overlay
    return np.append(body, [parity >> k & 1 for k in range(23, -1, -1)])


def keyed(bits, amplitude=0.4):
    """Pulses of half a microsecond, at 2 Msample/s."""
    pulses = np.zeros(16)
    pulses[[0, 2, 7, 9]] = 1
    halves = np.stack([bits, 1 - np.asarray(bits)], axis=1).ravel()
    return amplitude * np.concatenate([pulses, halves])


class Samples:
    def __init__(self, x):
        self.x, self.num_samples = np.asarray(x, np.complex64), len(x)

    def blocks(self, size=10_000):
        for k in range(0, len(self.x), size):
            yield self.x[k : k + size]


@pytest.fixture
def on_air(rng):
    """Put messages on noise 20 dB below, 1,000 samples apart, at odd phases."""

    def put(*all_bits):
        x = rng.normal(size=(1000 * len(all_bits) + 1000, 2)) @ [1, 1j] * 0.03
        for i, bits in enumerate(all_bits):
            pulses = keyed(bits)
            at = 500 + 1000 * i
            x[at : at + len(pulses)] += pulses * np.exp(1j * i)
        return Samples(x)

    return put


def test_messages_are_read_where_they_stand(on_air):
    source = on_air(*map(bits_of, (KLM, HEIGHT, SPEED)))
    found = list(messages(source))
    assert [m.hex.upper() for m in found] == [KLM, HEIGHT, SPEED]
    assert [m.start for m in found] == [500, 1500, 2500]
    assert [f"{m.address:06X}" for m in found] == ["4840D6", "40621D", "485020"]
    # The amplitude 0.4 and noise of power 0.0018.
    assert all(abs(m.level_db - 20 * np.log10(0.4)) < 1 for m in found)
    assert told(found[0]) == {"callsign": "KLM1023"}
    assert told(found[1]) == {"altitude_ft": 38000}
    speed = told(found[2])
    assert speed["speed_kt"] == pytest.approx(159.20, abs=0.01)
    assert speed["track_deg"] == pytest.approx(182.88, abs=0.01)
    assert speed["climb_ft_min"] == -832


def test_replies_count_once_their_address_is_known(on_air):
    """DF 4 has its address on the parity; DF 11 the interrogator's code."""
    reply = with_parity(np.r_[[0, 0, 1, 0, 0], bits_of("12345678")[:27]], 0x4840D6)
    call = with_parity(np.r_[[0, 1, 0, 1, 1, 1, 0, 1], bits_of("40621D")], 60)
    stranger = with_parity(np.r_[[0, 1, 0, 1, 1, 1, 0, 1], bits_of("40621D")], 200)
    found = list(messages(on_air(reply, bits_of(KLM), reply, call, stranger)))
    assert [(m.start, m.downlink_format) for m in found] == [
        *[(1500, 17), (2500, 4), (3500, 11)]
    ]
    assert [m.plain for m in found] == [True, False, True]
    rows = [{"file": "a", **row} for row in message_rows(found)]
    assert [list(r.values())[1:6] for r in aircraft_rows(rows)] == [
        *[["4840d6", "KLM1023", 1, 0, 1], ["40621d", "-", 0, 1, 0]]
    ]


def test_any_wrong_bit_is_told_by_the_parity(on_air):
    damaged = [bits_of(KLM) ^ (np.arange(112) == k) for k in range(5, 112, 9)]
    assert list(messages(on_air(*damaged))) == []


def test_blocks_may_cut_a_message_anywhere(on_air, monkeypatch):
    source = on_air(*[bits_of(KLM)] * 4)
    whole = [m.start for m in messages(source)]
    for size in (100, 333, 700):
        monkeypatch.setattr(Samples, "blocks", _blocks_of(size))
        assert [m.start for m in messages(source)] == whole == [500, 1500, 2500, 3500]


def _blocks_of(size):
    def blocks(self):
        for k in range(0, len(self.x), size):
            yield self.x[k : k + size]

    return blocks


def test_neither_silence_nor_a_tone_is_a_preamble():
    assert len(candidates(np.zeros(1000))) == 0
    assert len(candidates(np.ones(1000))) == 0
    assert len(candidates(np.ones(10))) == 0


@pytest.mark.measured
def test_recorded_messages_are_of_one_aircraft(data_root):
    found = list(messages(open_iq(data_root / "adsb_modes1/modes1.bin", "uint8")))
    proved = [m for m in found if m.plain]
    assert len(proved) >= 214
    assert {m.address for m in found} == {0x4D2023}
    assert Counter(m.downlink_format for m in proved)[17] >= 141
    calls = {told(m).get("callsign") for m in found} - {None}
    assert calls == {"AMC421"}
