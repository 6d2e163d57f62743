"""What an estimate is worth: error, promise, cost."""

import numpy as np
import pytest

from commgen.studies.nmse import Estimated, error_row, timed_row


def test_error_and_promise_are_over_the_power_of_all_channels():
    h = np.array([[1.0, 1.0], [2.0, 0.0]], complex)
    row = error_row(h, 1.1 * h, np.full((2, 2), 0.15))
    assert row["nmse_db"] == pytest.approx(-20)
    assert row["err_var_db"] == pytest.approx(-10)
    assert row["num_channels"] == 2
    assert row["nmse_low_db"] == pytest.approx(row["nmse_high_db"])  # equal ratios


def test_who_promises_nothing_has_no_promise():
    h = np.ones((3, 2), complex)
    row = timed_row(h, lambda: Estimated(0.9 * h))
    assert np.isnan(row["err_var_db"])
    assert row["nmse_db"] == pytest.approx(-20)
    assert row["cpu_ms"] >= 0
