"""Delays by parts of a sample."""

import numpy as np
import pytest

from commgen.sdr.air.interpolation import (
    BAND,
    LEAD,
    NUM_TAPS,
    fractional_taps,
    spread_taps,
)

DELAYS = np.array([0, 0.1, 0.5, 0.93, 3.3, 7.0])


@pytest.mark.parametrize(("band", "most_db"), [(BAND, -55), (37 / 128, -66)])
def test_the_response_is_that_of_a_delay_within_the_band(band, most_db):
    first, taps = fractional_taps(DELAYS)
    f = np.linspace(-band, band, 301)
    lags = first[:, None] + np.arange(NUM_TAPS)
    response = np.einsum("dl,dlf->df", taps, np.exp(-2j * np.pi * lags[..., None] * f))
    error = np.abs(response - np.exp(-2j * np.pi * DELAYS[:, None] * f))
    assert 20 * np.log10(error.max()) < most_db


def test_rows_begin_before_delay_zero():
    rows = spread_taps(DELAYS, 7 + NUM_TAPS)
    assert rows.shape == (6, 19)
    assert rows[0].argmax() == LEAD
    assert rows[-1].argmax() == LEAD + 7
