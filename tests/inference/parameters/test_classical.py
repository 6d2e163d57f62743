import numpy as np
import pytest

from commgen.inference.parameters import (
    bartlett,
    delay_axis,
    esprit,
    maximum_likelihood,
    root_music,
    stochastic_crb,
    to_value_bound,
)

TWO = np.array([[-21.0, 7.5]])


def noise_free(axis, value, num_snapshots, rng):
    gains = rng.normal(size=(len(value), num_snapshots, value.shape[1], 2))
    return gains.view(complex)[..., 0] @ axis.exponentials(axis.to_x(value))


def test_without_noise_all_are_exact(axis, rng):
    y = noise_free(axis, TWO, 6, rng)
    for found in (
        root_music(y, axis, 2),
        esprit(y, axis, 2),
        maximum_likelihood(y, axis, 2),
    ):
        np.testing.assert_allclose(found, TWO, atol=1e-4)
    one = noise_free(axis, TWO[:, :1], 1, rng)
    np.testing.assert_allclose(bartlett(one, axis), TWO[:, :1], atol=1e-7)


def test_one_snapshot_of_delays_by_smoothing(rng):
    axis = delay_axis(15e3 * np.arange(40), max_delay_s=20e-6)
    delays = np.array([[1e-6, 4e-6, 9e-6]])
    y = noise_free(axis, delays, 1, rng)
    for method in (root_music, esprit):
        found = method(y, axis, 3, subarray=20)
        np.testing.assert_allclose(found, delays, rtol=1e-5)
    np.testing.assert_allclose(maximum_likelihood(y, axis, 3), delays, rtol=1e-4)


def test_maximum_likelihood_reaches_the_bound(axis, draw):
    y, value = draw(1500, 20.0)
    crb = stochastic_crb(axis, [0.0], 1.0, 0.01, 10)
    bound = np.mean(
        [to_value_bound(axis, axis.to_x(v), crb)[0, 0] for v in value[:, 0]]
    )
    for found in (bartlett(y, axis), root_music(y, axis, 1)):
        assert np.mean((found - value) ** 2) == pytest.approx(bound, rel=0.25)
    assert np.mean((esprit(y, axis, 1) - value) ** 2) > bound


def test_least_squares_of_one_path_is_the_beam_peak(axis, draw):
    y, _ = draw(5, 5.0)
    np.testing.assert_allclose(
        maximum_likelihood(y, axis, 1), bartlett(y, axis), atol=1e-4
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda y, a: root_music(y, a, 8), "num_paths must be at most 7, got 8"),
        (lambda y, a: esprit(y, a, 3), "num_paths must be at most 2, the rank"),
        (lambda y, a: root_music(y, a, 1, subarray=9), "subarray must be at most 8"),
        (lambda y, a: maximum_likelihood(y, a, 0), "num_paths must be at least 1"),
        (
            lambda y, a: maximum_likelihood(y, a, 1, num_starts=0),
            "num_starts must be at least 1",
        ),
        (
            lambda y, a: esprit(y[..., :3], delay_axis([0, 1, 3], max_delay_s=1), 1),
            "positions must be uniform",
        ),
    ],
)
def test_errors(axis, draw, call, message):
    y, _ = draw(1, 0.0, num_snapshots=1)
    with pytest.raises(ValueError, match=message):
        call(y, axis)
