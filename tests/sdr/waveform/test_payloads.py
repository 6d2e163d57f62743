import numpy as np
import pytest

from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.sdr.waveform.payloads import Payloads

NUMBERS = np.r_[0:300, 2**32 - 1]


def test_numbers_are_in_front_and_bits_follow_from_seed_and_number():
    payloads = Payloads(RADIO_FRAME, seed=5)
    bits = payloads.bits(NUMBERS)
    assert bits.shape == (301, 848)
    assert bits.dtype == np.uint8
    np.testing.assert_array_equal(payloads.number_of(bits), NUMBERS)
    assert payloads.number_of(bits[-1]) == 2**32 - 1
    np.testing.assert_array_equal(bits[7], Payloads(RADIO_FRAME, seed=5).bits(7))
    other = Payloads(RADIO_FRAME, seed=6).bits(NUMBERS)
    np.testing.assert_array_equal(other[:, :32], bits[:, :32])
    share = (other[:, 32:] != bits[:, 32:]).mean(1)
    assert np.all(np.abs(share - 0.5) < 5 / 2 / 816**0.5)


def test_bits_look_random():
    """Means of frames, of places and of pairs of neighbours are those of coins."""
    bits = Payloads(RADIO_FRAME, seed=0).bits(np.arange(2000))[:, 32:]
    for axis in (0, 1):
        z = (bits.mean(axis) - 0.5) * 2 * bits.shape[axis] ** 0.5
        assert abs(z.mean()) < 4 / z.size**0.5
        assert z.std() == pytest.approx(1, abs=4 / (2 * z.size) ** 0.5)
    for shifted in (bits[1:] ^ bits[:-1], bits[:, 1:] ^ bits[:, :-1]):
        assert abs(shifted.mean() - 0.5) < 5 * 0.5 / shifted.size**0.5


def test_errors_are_counted_against_the_number():
    payloads = Payloads(RADIO_FRAME, seed=2)
    bits = payloads.bits([3, 4])
    wrong = bits.copy()
    wrong[1, 100:107] ^= 1
    np.testing.assert_array_equal(payloads.errors(wrong), [0, 7])
    assert payloads.errors(wrong[1]) == 7
    wrong[1, 0] ^= 1  # the number itself is wrong
    assert payloads.errors(wrong[1], number=4) == 8


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda p: p.bits(-1), ValueError, "number must be 0 to"),
        (lambda p: p.bits(2**32), ValueError, "number must be 0 to"),
        (lambda p: p.bits(1.5), TypeError, "number must be whole numbers"),
        (lambda p: Payloads(RADIO_FRAME, seed=-1), ValueError, "seed must be at least"),
        (
            lambda p: Payloads(Frame(coderate=0.03, num_ofdm_symbols=12), seed=1),
            ValueError,
            "frame must hold more than 32 bits",
        ),
    ],
)
def test_bad_input_is_refused(call, error, match):
    with pytest.raises(error, match=match):
        call(Payloads(RADIO_FRAME, seed=1))
