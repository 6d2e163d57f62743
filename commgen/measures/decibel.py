"""Decibels and power ratios, and the noise variance of an SNR."""

from typing import Any

import numpy as np


def to_db(value) -> float:
    """Return 10 log10 of a power ratio; 0 gives minus infinity, without a warning."""
    value = float(value)
    if value < 0:
        raise ValueError(f"value must be a power, at least 0, got {value}.")
    return float("-inf") if value == 0 else float(10 * np.log10(value))


def from_db(value_db: Any) -> Any:
    """Return the power ratio of a value in dB, or of an array of them."""
    return 10 ** (value_db / 10)


def noise_variance(snr_db: Any) -> Any:
    """Return N0 of an SNR in dB, or of an array of them, for signals of unit power."""
    return 10 ** (-snr_db / 10)
