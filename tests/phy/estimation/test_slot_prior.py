"""Where priors over the slot come from: parameters, draws, files, configurations."""

import numpy as np
import pytest
from pydantic import ValidationError
from sionna.phy.ofdm import (
    PilotPattern,
    ResourceGrid,
    tdl_freq_cov_mat,
    tdl_time_cov_mat,
)

from commgen.channels import TdlConfig, draw_channels
from commgen.channels.grid_config import GridConfig
from commgen.frame.slot_bank import mid_points
from commgen.frame.slot_files import save_grid_mixture
from commgen.frame.slot_mixture import GridMixture
from commgen.phy.estimation.slot.bank import tdl_bank
from commgen.phy.estimation.slot.config import SlotConfig
from commgen.phy.estimation.slot.grid import (
    GridEstimator,
    learn_weights,
    staggered_mask,
    tdl_grid_estimator,
)
from commgen.phy.estimation.slot.prior import build_slot_prior

T, F, SPACING_HZ, CARRIER_HZ = 14, 24, 30e3, 3.5e9
TIMES_S, FREQUENCIES_HZ = np.arange(T) * 0.5e-3 / T, np.arange(F) * SPACING_HZ


def bank(models="AC", spreads=(50e-9, 500e-9), dopplers=(30.0, 600.0), **options):
    return tdl_bank(
        TIMES_S,
        FREQUENCIES_HZ,
        models=tuple(models),
        delay_spreads_s=spreads,
        max_dopplers_hz=dopplers,
        **options,
    )


def second_moment(mixture, k):
    B = np.kron(mixture.time, mixture.frequency)
    M = B @ np.hstack([mixture.roots[k], mixture.specular[k][:, None]])
    return M @ M.conj().T


def test_components_have_sionnas_covariance():
    """Time and frequency by Sionna's own functions."""
    speed = 30.0
    doppler = speed * CARRIER_HZ / 299792458.0
    mixture = bank("B", [200e-9], [doppler], tolerance=1e-8)
    R_f = tdl_freq_cov_mat("B", SPACING_HZ, F, 200e-9, precision="double")
    R_t = tdl_time_cov_mat("B", speed, CARRIER_HZ, TIMES_S[1], T, precision="double")
    expected = np.kron(R_t, R_f)
    np.testing.assert_allclose(second_moment(mixture, 0), expected, atol=2e-3)


def test_components_have_the_covariance_of_drawn_channels():
    """With a specular path that moves; entries within 5 standard errors."""
    n = 20_000
    config = TdlConfig(
        model=("D",),
        delay_spread_s=200e-9,
        carrier_hz=CARRIER_HZ,
        speed_min_m_s=30.0,
        speed_max_m_s=30.0,
        grid=GridConfig(
            num_time_steps=T,
            time_step_s=TIMES_S[1],
            num_subcarriers=F,
            subcarrier_spacing_hz=SPACING_HZ,
        ),
    )
    h = draw_channels(config, n, seed=1).h[:, 0, 0]
    doppler = 30.0 * CARRIER_HZ / 299792458.0
    mixture = bank("D", [200e-9], [doppler])
    found = h.reshape(n, -1).T @ h.reshape(n, -1).conj() / n
    bound = 5 / np.sqrt(n)
    np.testing.assert_allclose(found, second_moment(mixture, 0), atol=bound)


def test_samples_have_the_components_covariance():
    mixture = bank("AD")
    h = mixture.sample(20_000, seed=1).reshape(20_000, -1)
    assert np.array_equal(h[:3], mixture.sample(20_000, seed=1).reshape(20_000, -1)[:3])
    parts = [w * second_moment(mixture, k) for k, w in enumerate(mixture.weights)]
    # A mixture's entries are heavier-tailed than a Gaussian's, so 6 of its errors.
    np.testing.assert_allclose(
        h.T @ h.conj() / len(h), sum(parts), atol=6 / np.sqrt(len(h))
    )


def test_a_row_of_delay_spreads_is_one_component():
    inside = [100e-9, 120e-9]
    whole = bank("A", [inside], [50.0])
    apart = bank("A", inside, [50.0])
    mean = (second_moment(apart, 0) + second_moment(apart, 1)) / 2
    np.testing.assert_allclose(second_moment(whole, 0), mean, atol=2e-3)


def test_weights_are_learned():
    """From draws of two of the components, with 3 : 1."""
    mixture = bank("A", (20e-9, 800e-9), (10.0, 1500.0))
    true = mixture.reweighted([0.75, 1e-9, 1e-9, 0.25])
    mask = staggered_mask((T, F))
    learned = learn_weights(mixture, true.sample(2000, seed=1), mask, seed=2)
    full = learn_weights(mixture, true.sample(2000, seed=1), mask, seed=2, least=0.0)
    # Binomial, 4 standard errors.
    assert full.weights[0] == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 2000))
    assert learned.num_components <= 4


def test_tdl_estimator_beats_one_gaussian_and_is_calibrated():
    """On Sionna's draws of profiles it is not told; the promise within 4 errors."""
    config = TdlConfig(
        model=("A", "C", "D"),
        delay_spread_min_s=30e-9,
        delay_spread_max_s=300e-9,
        carrier_hz=CARRIER_HZ,
        speed_max_m_s=30.0,
        grid=GridConfig(
            num_time_steps=T,
            time_step_s=TIMES_S[1],
            num_subcarriers=F,
            subcarrier_spacing_hz=SPACING_HZ,
        ),
    )
    h = draw_channels(config, 800, seed=5).h[:, 0, 0]
    mask = staggered_mask((T, F))
    estimator = tdl_grid_estimator(
        h[:400],
        times_s=TIMES_S,
        frequencies_hz=FREQUENCIES_HZ,
        mask=mask,
        max_doppler_hz=350.0,
        num_delay_spreads=8,
        num_dopplers=3,
        seed=1,
    )
    B = np.kron(estimator.mixture.time, estimator.mixture.frequency)
    c = h[:400].reshape(400, -1) @ B.conj()
    one = GridMixture.of(
        estimator.mixture.time,
        estimator.mixture.frequency,
        [1.0],
        [c.T @ c.conj() / len(c)],
    )
    rng = np.random.default_rng(4)
    test = h[400:]
    noise = rng.normal(size=(400, mask.sum(), 2)) @ np.array([1, 1j]) / 2**0.5
    for no in (0.01, 1.0):
        y = test[:, mask] + no**0.5 * noise
        h_hat, err_var = estimator.estimate(y, no)
        error = np.mean(np.abs(h_hat - test) ** 2)
        gap = np.mean(np.abs(h_hat - test) ** 2 - err_var, axis=(1, 2))
        assert abs(gap.mean()) < 4 * gap.std() / 20
        linear = GridEstimator(one, mask).estimate(y, no)[0]
        assert error < np.mean(np.abs(linear - test) ** 2)


def test_chunks_do_not_matter():
    mixture, mask = bank(), staggered_mask((T, F))
    estimator = GridEstimator(mixture, mask)
    y = mixture.sample(300, seed=0)[:, mask]
    no = np.linspace(0.1, 1, 300)
    h_hat, err_var = estimator.estimate(y, no)
    one, one_var = estimator.estimate(y[299:], no[299:])
    np.testing.assert_allclose(one[0], h_hat[299], atol=1e-4)
    np.testing.assert_allclose(one_var[0], err_var[299], rtol=1e-3)
    p = estimator.responsibilities(y, no)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_configuration(tmp_path):
    mask = np.zeros((1, 1, T, F), bool)
    mask[..., 2, :] = True
    pilots = PilotPattern(mask, np.ones((1, 1, F), np.complex64))
    rg = ResourceGrid(T, F, SPACING_HZ, pilot_pattern=pilots)
    config = SlotConfig(models=("A", "D"), num_delay_spreads=2, num_dopplers=2)
    prior = build_slot_prior(config, rg)
    assert prior.event_shape == (T, F)
    assert prior.num_components == 8
    save_grid_mixture(prior, tmp_path / "prior.npz")
    loaded = build_slot_prior(SlotConfig(model=tmp_path / "prior.npz"), rg)
    assert loaded.num_components == 8
    with pytest.raises(ValidationError, match="delay_spread_max_s must be at least"):
        SlotConfig(delay_spread_min_s=1e-6)
    with pytest.raises(ValidationError, match="Extra inputs"):
        SlotConfig.model_validate({"kind": "slot", "dopplers": 3})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": "X"}, "model must be one of"),
        ({"dopplers": [-1.0]}, "max_dopplers_hz must be"),
        ({"dopplers": []}, "must not be empty"),
        ({"spreads": np.ones((1, 1, 1))}, "delay_spreads_s must be"),
        ({"spreads": [-1.0]}, "delay_spread_s must be finite"),
    ],
)
def test_errors_of_the_bank(change, message):
    with pytest.raises(ValueError, match=message):
        bank(**change)


def test_errors_of_the_grid_estimator():
    mixture, mask = bank(), staggered_mask((T, F))
    with pytest.raises(ValueError, match="mask must be"):
        GridEstimator(mixture, mask[:-1])
    with pytest.raises(ValueError, match="mask must show at least one"):
        GridEstimator(mixture, 0 * mask)
    estimator, y = GridEstimator(mixture, mask), np.zeros((2, F), complex)
    for args, message in (
        ((y[:, 1:], 1.0), "y must be"),
        ((np.nan * y, 1.0), "y must be finite"),
        ((y, np.ones(3)), "no must be a scalar"),
        ((y, -1.0), "no must be finite and at least 0"),
        ((y, np.nan), "no must be finite"),
    ):
        with pytest.raises(ValueError, match=message):
            estimator.estimate(*args)
    with pytest.raises(ValueError, match="h must be"):
        learn_weights(mixture, np.zeros((2, 3)), mask, seed=0)


def test_mid_points():
    np.testing.assert_allclose(mid_points(1, 100, 2, log=True), [10**0.5, 10**1.5])
