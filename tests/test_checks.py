"""Numbers at the door: what single precision carries, and what memory holds."""

import numpy as np
import pytest

from commgen._checks import (
    check_amplitudes,
    check_noise_variance,
    check_positive,
    check_snr_db,
)
from commgen._memory import check_memory


def test_noise_variances_in_range_are_returned():
    assert check_noise_variance("no", 1e-15) == 1e-15
    assert check_noise_variance("no", np.float32(1e-15)) == np.float32(1e-15)
    assert check_noise_variance("no", [1, 2]).tolist() == [1.0, 2.0]
    assert check_noise_variance("no", 0, zero=True) == 0


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0, "no must be finite and above 0, got 0"),
        ([1.0, np.nan], "no must be finite and above 0, got nan"),
        (np.inf, "no must be finite and above 0, got inf"),
        (1e300, r"no must be between 1e-15 and 1e\+15, got 1e\+300"),
        (1e-40, r"no must be between 1e-15 and 1e\+15, got 1e-40"),
        ([], "no must hold a number"),
    ],
)
def test_other_noise_variances_are_refused(value, told):
    with pytest.raises(ValueError, match=told):
        check_noise_variance("no", value)


@pytest.mark.parametrize("value", [400.0, -1e5, np.nan, np.inf, [0.0, 151.0]])
def test_snr_beyond_150_db_is_refused(value):
    assert check_snr_db("snr_db", [-150, 150]).tolist() == [-150.0, 150.0]
    with pytest.raises(ValueError, match="snr_db must be between -150 and 150 dB, got"):
        check_snr_db("snr_db", value)


def test_what_is_allowed_survives_single_precision():
    """Squares and reciprocals at the ends of the range are finite and above zero."""
    for value in (1e-15, 1e15):
        single = np.float32(value)
        for result in (single**2, 1 / single, 1 / single**2):
            assert 0 < result < np.inf


def test_words_are_no_noise():
    with pytest.raises(TypeError, match="no must be a number, got 'much'"):
        check_noise_variance("no", "much")


def test_amplitudes_and_units():
    check_amplitudes("y", np.array([1e15j, 0, 1e-50]))
    with pytest.raises(ValueError, match=r"y must have entries of at most 1e\+15"):
        check_amplitudes("y", np.array([1, 1e16]))
    with pytest.raises(ValueError, match="y must be finite, got 1 NaN"):
        check_amplitudes("y", np.array([1, np.nan]))
    with pytest.raises(ValueError, match=r"step must be between 1e-30 and 1e\+30"):
        check_positive("step", 1e-300)


def test_what_does_not_fit_in_memory_is_refused_with_its_size():
    check_memory("n", 10, (10, 64), np.complex64)
    told = r"n must fit .* got 1000000000000: \[1000000000000, 64\] takes 476,837 G"
    with pytest.raises(ValueError, match=told):
        check_memory("n", 10**12, (10**12, 64), np.complex64)
