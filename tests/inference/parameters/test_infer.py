import numpy as np
import pytest

from commgen.inference.parameters import (
    AnglePosteriorNetwork,
    delay_axis,
    doppler_axis,
    draw_observations,
    infer_parameters,
    save_ellipse_figure,
)
from commgen.studies.angles import aoa_study
from commgen.studies.angles_figure import save_aoa_figure


def test_angles_and_noise_cover(draw):
    y, value = draw(100, 5.0)
    posterior = infer_parameters(y, "angle")
    inside = (posterior.low <= value) & (value <= posterior.high)
    slack = 4 * np.sqrt(0.09 / 100)
    assert inside.mean() == pytest.approx(0.9, abs=slack)
    no = 10**-0.5
    covered = (posterior.no[:, 1] <= no) & (no <= posterior.no[:, 2])
    assert covered.mean() == pytest.approx(0.9, abs=slack)
    assert posterior.no[:, 0].mean() == pytest.approx(no, rel=0.05)


def test_known_power_tells_of_the_noise_too(draw):
    y, _ = draw(60, 5.0)
    posterior = infer_parameters(y, "angle", power=1.0)
    no = 10**-0.5
    covered = (posterior.no[:, 1] <= no) & (no <= posterior.no[:, 2])
    assert covered.mean() == pytest.approx(0.9, abs=0.15)


def test_delays_and_shifts_find_the_truth(rng):
    axis = delay_axis(30e3 * np.arange(24), max_delay_s=5e-6)
    y, value = draw_observations(axis, 5, num_snapshots=4, snr_db=20, rng=rng)
    found = infer_parameters(y, "delay", subcarrier_spacing_hz=30e3, level=0.999)
    assert np.all((found.low <= value) & (value <= found.high))
    assert (found.kind, found.unit) == ("delay", "s")
    axis = doppler_axis(1e-3 * np.arange(14), max_doppler_hz=500)
    y, value = draw_observations(axis, 5, num_snapshots=4, snr_db=20, rng=rng)
    found = infer_parameters(y, "doppler", time_step_s=1e-3, no=0.01, level=0.999)
    assert np.all((found.low <= value) & (value <= found.high))
    np.testing.assert_array_equal(found.no, 0.01)


def test_two_paths_have_ellipses_and_rows(draw, tmp_path):
    y, _ = draw(2, 10.0, num_paths=2)
    posterior = infer_parameters(y, "angle", 2, power=1.0, no=0.1)
    points = posterior.ellipse(0)
    np.testing.assert_allclose(points[:-1].mean(axis=0), posterior.mean[0], rtol=1e-6)
    rows = posterior.rows()
    assert [(r["observation"], r["path"]) for r in rows] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]
    assert rows[0]["low"] < rows[0]["mean"] < rows[0]["high"]
    save_ellipse_figure(tmp_path / "ellipses.png", posterior)
    assert (tmp_path / "ellipses.png").stat().st_size > 5000
    with pytest.raises(ValueError, match="paths must be two different ones of 2"):
        posterior.ellipse(0, (1, 1))


def test_chains_give_diagnostics(draw):
    pytest.importorskip("tf_keras")
    y, value = draw(2, 20.0)
    posterior = infer_parameters(y, "angle", method="hmc", level=0.999)
    assert posterior.r_hat is not None
    assert posterior.r_hat.max() < 1.05
    assert np.all((posterior.low <= value) & (value <= posterior.high))
    with pytest.raises(ValueError, match="posterior must have two paths, got 1"):
        save_ellipse_figure("unused.png", posterior)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "range"}, "kind must be of"),
        ({"kind": "delay"}, "subcarrier_spacing_hz must be given"),
        ({"kind": "doppler"}, "time_step_s must be given"),
        ({"method": "guess"}, "method must be of"),
        ({"num_paths": 3, "method": "grid"}, "num_paths must be at most 2 for method"),
        ({"num_paths": 8}, "num_paths must be at most 7"),
        ({"level": 1.5}, "level must be between 0 and 1"),
        ({"no": 0}, "no must be finite and above 0"),
    ],
)
def test_errors(draw, given, message):
    y, _ = draw(1, 0.0)
    with pytest.raises(ValueError, match=message):
        infer_parameters(y, **given)
    with pytest.raises(ValueError, match=r"y must be \[n, num_snapshots, num_pos"):
        infer_parameters(y[0])


def test_study_has_all_rows_and_repeats(tmp_path):
    network = AnglePosteriorNetwork(num_components=2, width=8)
    rows = aoa_study(40, [0, 20], 3, network=network, num_chain_trials=0)
    again = aoa_study(40, [0, 20], 3, network=network, num_chain_trials=0)
    keys = [(r["snr_db"], r["noise"], r["estimator"], r["rmse_deg"]) for r in rows]
    assert keys == [
        (r["snr_db"], r["noise"], r["estimator"], r["rmse_deg"]) for r in again
    ]
    assert len(rows) == 2 * (6 + 6 + 2)
    exact = [r for r in rows if r["estimator"] == "exact posterior"]
    assert all(r["ratio"] == 1 for r in exact)
    save_aoa_figure(tmp_path / "study.png", rows)
    assert (tmp_path / "study.png").stat().st_size > 10_000


def test_study_errors():
    with pytest.raises(ValueError, match="num_trials must be at least 20"):
        aoa_study(1, [0], 0)
    with pytest.raises(ValueError, match="snr_db must be finite numbers"):
        aoa_study(20, [np.nan], 0, num_chain_trials=0)
    with pytest.raises(ValueError, match="num_chain_trials must be at most 20"):
        aoa_study(20, [0], 0, num_chain_trials=21)
