"""Each frame that was sent is decoded, failed or lost, and nothing else."""

from dataclasses import dataclass

import numpy as np
import pytest

from commgen.frame.frame import RADIO_FRAME
from commgen.sdr.live.ledger import Ledger
from commgen.sdr.live.timeline import Timeline
from commgen.sdr.waveform.payloads import Payloads

LENGTH = 2183
PAYLOADS = Payloads(RADIO_FRAME, 5)


@dataclass(frozen=True)
class Found:
    start: int
    bits: np.ndarray
    crc_ok: bool = True
    estimator: str = "lmmse"
    snr_db: float = 10.0
    evm_db: float = -10.0
    cfo_hz: float = 100.0


def decoded(number, start=None):
    place = number * LENGTH if start is None else start
    return Found(place, PAYLOADS.bits(number))


def failed(number, wrong=50, shift=0):
    bits = PAYLOADS.bits(number)
    bits[100 : 100 + wrong] ^= 1
    return Found(number * LENGTH + shift, bits, crc_ok=False)


def ledger(origin=0, **options):
    return Ledger(PAYLOADS, LENGTH, origin=origin, **options)


def test_sent_is_decoded_failed_and_lost():
    book = ledger()
    book.add([decoded(0), failed(1), decoded(4), failed(5, wrong=7)])
    assert (book.decoded, book.failed, book.lost(10)) == (2, 2, 6)
    assert (book.bit_errors, book.bits) == (57, 4 * 848)
    assert book.passed() == 6  # from the first received to the last
    assert book.lost() == 2


def test_a_failed_frame_is_known_by_its_time():
    book = ledger(origin=None)
    assert book.add([failed(6)]) == [[]]
    (entries,) = book.add([decoded(8, start=8 * LENGTH)])
    assert [(one.number, one.errors) for one in entries] == [(6, 50), (8, 0)]
    ((entry,),) = book.add([failed(20, shift=30)])  # clocks differ by some samples
    assert (entry.number, entry.errors) == (20, 50)


@pytest.mark.parametrize("shift", [LENGTH // 2, -400, 700])
def test_where_no_frame_begins_is_a_false_alarm(shift):
    book = ledger()
    assert book.add([decoded(3), failed(7, shift=shift)])[1] == []
    assert (book.failed, book.false_alarms) == (0, 1)


def test_a_second_detection_does_not_count_twice():
    book = ledger()
    book.add([failed(2, shift=-3), decoded(2), failed(2, shift=9), decoded(2)])
    assert (book.decoded, book.failed, book.false_alarms) == (1, 0, 3)
    assert (book.bit_errors, book.bits) == (0, 848)


def test_beyond_the_last_frame_there_is_none():
    book = ledger(most=10)
    assert book.add([decoded(9), failed(10)])[1] == []
    assert (book.failed, book.false_alarms, book.lost(10)) == (0, 1, 9)


def test_wrong_bits_behind_a_right_crc_are_counted():
    book = ledger()
    bits = PAYLOADS.bits(1)
    bits[500] ^= 1
    book.add([decoded(0), Found(LENGTH, bits, crc_ok=True)])
    assert (book.decoded, book.failed, book.wrong) == (1, 1, 1)
    assert book.bit_errors == 1


def test_frames_of_somebody_else_are_wrong():
    book = ledger(origin=None)
    other = Payloads(RADIO_FRAME, 6)
    book.add([Found(number * LENGTH, other.bits(number)) for number in range(3)])
    book.finish()
    assert (book.decoded, book.wrong, book.failed) == (0, 3, 3)
    assert book.bit_errors / book.bits == pytest.approx(0.5, abs=0.05)


def fill(timeline, numbers, seconds_each):
    book = ledger()
    for number in numbers:
        frame = decoded(number)
        timeline.add(number * seconds_each, frame, *book.add([frame]))


def test_a_timeline_has_a_row_for_each_second():
    timeline = Timeline(1.0)
    fill(timeline, [n for n in range(100) if n not in (25, 26, 27)], 0.1)
    timeline.finish(10.0)
    rows = timeline.rows()
    assert [row["decoded"] for row in rows] == [10, 10, 7, *[10] * 7]
    assert [row["lost"] for row in rows] == [0, 0, 3, *[0] * 7]
    assert rows[2]["bler"] == pytest.approx(0.3)
    assert [row["time_s"] for row in rows] == list(range(1, 11))
    assert [row["snr_db"] for row in rows] == [pytest.approx(10.0)] * 10
    assert timeline.total.decoded == 97


def test_a_timeline_does_not_grow_without_end():
    timeline = Timeline(1.0, most=8)
    fill(timeline, range(0, 1000), 0.1)
    timeline.finish(100.0)
    rows = timeline.rows()
    assert len(rows) <= 8
    assert sum(row["decoded"] for row in rows) == 1000
    assert sum(row["lost"] for row in rows) == 0
    assert rows[-1]["time_s"] == 100


def test_silence_has_no_rates():
    timeline = Timeline(1.0)
    timeline.finish(3.0)
    assert timeline.rows()[0]["bler"] != timeline.rows()[0]["bler"]
    assert np.isnan(timeline.total.evm_db)
