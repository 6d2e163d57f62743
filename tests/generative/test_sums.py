"""What families take from channels before they train, as sums over sets of them."""

import numpy as np
import pytest

from commgen.generative import (
    Autoregressive,
    CouplingFlow,
    Diffusion,
    FourierDenoiser,
    GaussianMixture,
    RectifiedFlow,
    VariationalAutoencoder,
    WassersteinGAN,
)
from commgen.generative.additive import pack_hermitian, unpack_hermitian
from commgen.generative.condition import Conditioning
from commgen.generative.mixture.em import COVARIANCES

SIZE = 6


def channels(n, seed, shape=(SIZE,)):
    """Return channels whose entries and coefficients have different powers."""
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(n, *shape, 2)) @ [1, 1j]
    h = h * np.linspace(0.2, 1.5, shape[-1]) + 0.5 * h[:, :1]
    return h.astype(np.complex64)


def denoiser(**options):
    return FourierDenoiser(8, 1, **options)


FAMILIES = {
    "vae": lambda: VariationalAutoencoder((SIZE,), 4, width=8, depth=1),
    "vae-of-conditions": lambda: VariationalAutoencoder(
        (SIZE,), 4, width=8, depth=1, num_conditions=2
    ),
    "wgan": lambda: WassersteinGAN((SIZE,), 4, width=8, depth=1),
    "coupling": lambda: CouplingFlow((SIZE,), 2, 8),
    "diffusion": lambda: Diffusion((SIZE,), denoiser()),
    "rectified-flow": lambda: RectifiedFlow(
        (SIZE,), denoiser(), straight=denoiser(variance=False)
    ),
    "beams": lambda: Autoregressive((SIZE,), num_mixtures=2, width=8),
    "time": lambda: Autoregressive((SIZE,), over_time=True, num_mixtures=2, width=8),
}


def add(*sums):
    """Add what several sets sent as means with their number of channels."""
    counts = [float(s["count"]) for s in sums]
    means = [
        {k: v / n for k, v in s.items()} for s, n in zip(sums, counts, strict=True)
    ]
    return {
        name: sum(m[name] * n for m, n in zip(means, counts, strict=True))
        for name in sums[0]
    }


def constants(model):
    return [np.array(w) for w in model.non_trainable_weights]


@pytest.mark.parametrize("family", FAMILIES)
def test_sums_of_parts_are_those_of_the_whole(family):
    model = FAMILIES[family]()
    h = channels(70, 1)
    c = np.random.default_rng(2).normal([300, 0.5], [100, 0.2], (70, 2))
    c = c.astype(np.float32) if model.num_conditions else None
    before = constants(model)
    parts = [
        model.sums(h[rows], None if c is None else c[rows])
        for rows in (slice(25), slice(25, 70))
    ]
    whole = model.sums(h, c)
    assert whole["count"] == 70
    assert all(np.isrealobj(v) and v.dtype.kind == "f" for v in whole.values())
    added = add(*parts)
    for name, value in whole.items():
        np.testing.assert_allclose(added[name], value, rtol=1e-6, atol=1e-5)
    model.adapt_sums(whole)
    by_whole = constants(model)
    assert any(not np.array_equal(a, b) for a, b in zip(before, by_whole, strict=True))
    model.adapt_sums(added)
    for a, b in zip(constants(model), by_whole, strict=True):
        # Of eigenvectors the phases are free, the matrix that they make is not.
        if a.ndim < 2 or a.shape[0] != 2 * SIZE:
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_scales_are_the_root_mean_square_of_the_coefficients():
    h = channels(70, 1)
    power = np.mean(np.abs(np.fft.fft(h, axis=1)) ** 2 / SIZE, axis=0)
    vae, beams = FAMILIES["vae"](), FAMILIES["beams"]()
    vae.adapt_sums(vae.sums(h))
    np.testing.assert_allclose(vae.scale.scale, np.sqrt(power), rtol=1e-5)
    beams.adapt_sums(beams.sums(h))
    scale = beams.steps.scale[:, 0]
    shifts = [np.allclose(np.roll(np.sqrt(power), -k), scale) for k in range(SIZE)]
    assert sum(shifts) == 1
    # It starts behind its weakest beam, and says so when it decodes.
    assert shifts.index(True) == np.argmin(power)
    np.testing.assert_allclose(beams.steps.decode(beams.steps.encode(h)), h, atol=1e-5)


def test_noise_in_the_channels_is_taken_off_their_power():
    rng = np.random.default_rng(3)
    h = channels(4000, 1)
    y = h + 0.5 * (rng.normal(size=(*h.shape, 2)) @ [1, 1j]) / 2**0.5
    vae = FAMILIES["vae"]()
    vae.adapt_sums(vae.sums(h))
    clean = vae.scale.scale
    vae.adapt_sums(add(vae.sums(y[:1000], no=0.25), vae.sums(y[1000:], no=0.25)))
    # The power of a coefficient in noise has a relative deviation of 1 / sqrt(n).
    np.testing.assert_allclose(vae.scale.scale**2, clean**2, atol=4 * 2 / 4000**0.5)


def test_whitened_channels_are_white():
    h = channels(200, 1)
    model = FAMILIES["diffusion"]()
    model.adapt_sums(add(model.sums(h[:50]), model.sums(h[50:])))
    pairs = np.stack([h.real, h.imag], axis=-1).reshape(200, -1)
    x = np.asarray(model.preconditioner.scale_in(pairs, np.zeros(200, np.float32)))
    x = x.reshape(200, -1, 2) @ [1, 1j]
    np.testing.assert_allclose(x.T @ x.conj() / 200, np.eye(SIZE), atol=1e-4)


def test_a_family_that_needs_nothing_counts():
    from commgen.generative.learned_filter.stationary import StationaryDenoiser

    assert list(StationaryDenoiser((8,)).sums(channels(20, 1, (8,)))) == ["count"]


@pytest.mark.parametrize("family", ["vae", "diffusion"])
def test_calibration_of_parts_is_that_of_the_whole(family):
    model = FAMILIES[family]()
    h = channels(80, 1)
    model.adapt_sums(model.sums(h))
    first = model.calibration_sums(h, None, 3)
    assert not np.array(model.calibration.table).any()
    model.calibrate_sums(first)
    table = np.array(model.calibration.table)
    assert table.any()
    # What is sent does not depend on the calibration that there is.
    again = model.calibration_sums(h, None, 3)
    for name, value in first.items():
        np.testing.assert_array_equal(again[name], value)
    np.testing.assert_array_equal(model.calibration.table, table)
    model.calibrate_sums(add(first, model.calibration_sums(h, None, 3)))
    np.testing.assert_allclose(model.calibration.table, table, rtol=1e-5, atol=1e-6)


def conditions(n=4000):
    """Return distances, a line of sight that goes with them, and a constant."""
    rng = np.random.default_rng(4)
    distance = rng.uniform(10, 500, n)
    los = rng.random(n) < np.exp(-distance / 150)
    return np.stack([distance, los, np.full(n, 3.5e9)], axis=1).astype(np.float32)


def test_conditions_are_standardised_by_sums():
    c = conditions()
    by_rows, by_sums = Conditioning(3), Conditioning(3)
    by_rows.adapt(c)
    by_sums.adapt_sums(add(by_sums.sums(c[:1000]), by_sums.sums(c[1000:])))
    for a, b in zip(by_rows.weights[:2], by_sums.weights[:2], strict=True):
        np.testing.assert_allclose(np.array(a), np.array(b), rtol=1e-6)
    np.testing.assert_allclose(by_sums(c), by_rows(c), atol=1e-5)


def test_rows_drawn_by_sums_are_like_those_of_the_nodes():
    c = conditions()
    layer = Conditioning(3)
    layer.adapt_sums(layer.sums(c))
    rows = layer.draw(5000, np.random.default_rng(1))
    assert set(rows[:, 1]) == {0, 1}
    assert (rows[:, 2] == np.float32(3.5e9)).all()
    # 1024 rows: a standard error of 1/32 in units of the deviation.
    np.testing.assert_allclose(
        rows[:, :2].mean(axis=0), c[:, :2].mean(axis=0), atol=4 * c[:, 0].std() / 32
    )
    assert rows[:, 1].mean() == pytest.approx(c[:, 1].mean(), abs=4 * 0.5 / 32)
    told = np.corrcoef(c[:, :2].T)[0, 1]
    assert told < -0.4
    assert np.corrcoef(rows[:, :2].T)[0, 1] == pytest.approx(told, abs=0.1)


def test_sums_refuse_what_fit_refuses():
    model = FAMILIES["vae"]()
    with pytest.raises(ValueError, match=r"data must be \[n, 6\]"):
        model.sums(channels(20, 1, (4,)))
    with pytest.raises(ValueError, match="this model is unconditional"):
        model.sums(channels(20, 1), np.zeros((20, 1)))
    with pytest.raises(ValueError, match="learns from clean"):
        FAMILIES["coupling"]().sums(channels(20, 1), no=0.1)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("num_conditions", [0, 2])
def test_the_one_gaussian_under_a_network_is_that_of_a_fit(covariance, num_conditions):
    rank = {"rank": 3} if covariance == "low-rank" else {}
    h, c = channels(90, 1), conditions(90)[:, :2] if num_conditions else None
    options = {"num_conditions": num_conditions, **rank}
    fitted = GaussianMixture((SIZE,), 1, covariance, **options).fit(h, c, seed=0)
    prior = GaussianMixture((SIZE,), 1, covariance, **options)
    model = Diffusion((SIZE,), denoiser(), prior, num_conditions=num_conditions)
    parts = [
        model.sums(h[rows], None if c is None else c[rows])
        for rows in (slice(40), slice(40, 90))
    ]
    model.adapt_sums(add(*parts))
    matrices = [m.mixture.component(0).matrix() for m in (fitted, model.prior)]
    np.testing.assert_allclose(matrices[1], matrices[0], atol=1e-5)
    np.testing.assert_allclose(
        model.prior.log_prob(h, c), fitted.log_prob(h, c), rtol=1e-4
    )


def test_half_of_a_hermitian_matrix_is_all_of_it():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(5, 9, 2)) @ [1, 1j]
    outer = x @ x.conj().T
    packed = pack_hermitian(outer)
    assert packed.dtype == np.float64
    np.testing.assert_allclose(unpack_hermitian(packed), outer, rtol=1e-14)
