"""Views of a channel: unitary, invertible, and right in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from commgen.channels import (
    Normaliser,
    from_angle_delay,
    response_to_taps,
    taps_to_response,
    to_angle_delay,
    to_complex,
    to_real,
)

NAMES = ("rx", "tx", "time", "subcarrier")
SUBSETS = st.lists(st.sampled_from(NAMES), unique=True)
CHANNELS = hnp.arrays(
    np.complex128,
    hnp.array_shapes(min_dims=5, max_dims=5, max_side=5),
    elements=st.complex_numbers(max_magnitude=10, allow_subnormal=False),
)


@settings(max_examples=40, deadline=None)
@given(h=CHANNELS, axes=SUBSETS)
def test_angle_delay_is_invertible_and_keeps_power(h, axes):
    x = to_angle_delay(h, axes)
    np.testing.assert_allclose(from_angle_delay(x, axes), h, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(x), np.linalg.norm(h), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(h=CHANNELS)
def test_taps_are_invertible(h):
    np.testing.assert_allclose(taps_to_response(response_to_taps(h)), h, atol=1e-9)
    np.testing.assert_array_equal(to_complex(to_real(h)), h)


def test_white_noise_stays_white():
    """The transform of the identity has orthonormal rows: covariance I stays I."""
    shape = (2, 3, 2, 5)
    basis = np.eye(60).reshape(60, *shape).astype(complex)
    x = to_angle_delay(basis, NAMES).reshape(60, 60)
    np.testing.assert_allclose(x @ x.conj().T, np.eye(60), atol=1e-12)


@pytest.mark.parametrize("num", [8, 9])
def test_a_delay_is_one_tap(num):
    k = np.arange(num) - num // 2
    for delay in (0, 1, num - 1):
        h = np.exp(-2j * np.pi * k * delay / num).reshape(1, 1, 1, 1, num)
        x = to_angle_delay(h, ("subcarrier",)).ravel()
        np.testing.assert_allclose(x, num**0.5 * np.eye(num)[delay], atol=1e-12)
        taps = response_to_taps(h).ravel()
        np.testing.assert_allclose(taps, np.eye(num)[delay], atol=1e-12)


def test_a_direction_is_one_beam_and_a_shift_one_doppler():
    n = np.arange(8)
    beam = np.exp(1j * np.pi * n * (2 * 3 / 8)).reshape(1, 8, 1, 1, 1)
    np.testing.assert_allclose(
        to_angle_delay(beam, ("rx",)).ravel(), 8**0.5 * np.eye(8)[3], atol=1e-12
    )
    shift = np.exp(-2j * np.pi * n * 2 / 8).reshape(1, 1, 1, 8, 1)
    np.testing.assert_allclose(
        to_angle_delay(shift, ("time",)).ravel(), 8**0.5 * np.eye(8)[6], atol=1e-12
    )


def test_precision_is_kept():
    h = np.ones((1, 2, 1, 1, 4), np.complex64)
    assert to_angle_delay(h).dtype == np.complex64
    assert from_angle_delay(h).dtype == np.complex64
    assert response_to_taps(h).dtype == np.complex64
    assert taps_to_response(h).dtype == np.complex64
    assert to_real(h).dtype == np.float32
    assert Normaliser(2.0).apply(h).dtype == np.complex64


def test_normaliser_makes_unit_power_and_is_undone():
    h = np.random.default_rng(0).normal(size=(50, 4)) * (3 + 4j)
    normaliser = Normaliser.fit(h)
    x = normaliser.apply(h)
    assert np.mean(np.abs(x) ** 2) == pytest.approx(1)
    np.testing.assert_allclose(normaliser.undo(x), h)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: to_angle_delay(np.ones((2, 3))), r"h must be \[num_samples, num_rx"),
        (lambda: from_angle_delay(np.ones(2)), r"x must be .* got 1 dimensions \(2,\)"),
        (lambda: to_angle_delay(np.ones((1,) * 5), ("ant",)), "axes must be different"),
        (lambda: to_angle_delay(np.ones((1,) * 5), "rx"), "axes must be different"),
        (
            lambda: to_angle_delay(np.ones((1,) * 5), ("rx", "rx")),
            "axes must be different names out of rx, tx, time, subcarrier",
        ),
        (lambda: to_complex(np.ones((3, 3))), r"x must be \[..., 2\], .* got \(3, 3\)"),
        (lambda: to_complex(1.0), r"x must be \[..., 2\]"),
        (lambda: Normaliser(0.0), "scale must be finite and above 0, got 0.0"),
        (lambda: Normaliser(float("nan")), "scale must be finite"),
        (lambda: Normaliser.fit(np.zeros(3)), "h must have power"),
        (lambda: Normaliser.fit(np.zeros(0)), "h must not be empty"),
        (lambda: Normaliser.fit([1, np.nan]), "h must be finite, got 1 NaN"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
