"""Decibels of numbers and of arrays."""

import numpy as np
import pytest

from commgen.measures.decibel import from_db, noise_variance, to_db


def test_known_values():
    assert to_db(100) == 20
    assert to_db(0) == -np.inf
    assert from_db(3) == pytest.approx(2, rel=0.003)  # 10 log10 2 = 3.01
    assert noise_variance(20) == pytest.approx(0.01)


def test_arrays_keep_shape_and_precision():
    snr_db = np.array([[-10.0, 0.0], [10.0, 20.0]], np.float32)
    no = noise_variance(snr_db)
    assert no.dtype == np.float32
    np.testing.assert_allclose(no, [[10, 1], [0.1, 0.01]], rtol=1e-6)
    np.testing.assert_allclose(no * from_db(snr_db), 1, rtol=1e-6)


def test_a_negative_power_is_refused():
    with pytest.raises(ValueError, match=r"value must be a power, at least 0, got -1"):
        to_db(-1)
