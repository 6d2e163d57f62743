import numpy as np
import pytest

from commgen.frame.qam import pam_labels, qam_points

ORDERS = (2, 4, 6, 8)

#: TS 38.211 5.1.3 to 5.1.6, times the root of these powers.
POWERS = {2: 2, 4: 10, 6: 42, 8: 170}


def formula(b):
    """Return one axis of the standard, from its bits: every second one of a label."""
    signs = [1 - 2 * int(bit) for bit in b]
    value = 1
    for level, sign in enumerate(reversed(signs[1:])):
        value = 2 ** (level + 1) - sign * value
    return signs[0] * value


@pytest.mark.parametrize("num_bits", ORDERS)
def test_points_are_those_of_the_standard(num_bits):
    points = qam_points(num_bits)
    for label in range(2**num_bits):
        bits = f"{label:0{num_bits}b}"
        expected = formula(bits[::2]) + 1j * formula(bits[1::2])
        assert points[label] * POWERS[num_bits] ** 0.5 == pytest.approx(expected)


@pytest.mark.parametrize("num_bits", ORDERS)
def test_amplitudes_are_the_positive_half_of_an_axis(num_bits):
    amplitudes, labels = pam_labels(num_bits)
    for amplitude, label in zip(amplitudes, labels, strict=True):
        axis = formula([0, *label])
        assert amplitude * POWERS[num_bits] ** 0.5 == pytest.approx(axis)
    assert np.mean(amplitudes**2) == pytest.approx(0.5)
