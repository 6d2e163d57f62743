import numpy as np
import pytest
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import LMMSEEqualizer, ResourceGrid

from commgen.phy import FewStreamsLMMSEEqualizer, lmmse_equalize, time_orthogonal_pilots


def grid(num_streams, num_ofdm_symbols=6, fft_size=9):
    return ResourceGrid(
        num_ofdm_symbols,
        fft_size,
        30e3,
        num_streams_per_tx=num_streams,
        num_guard_carriers=(1, 1),
        dc_null=True,
        pilot_pattern=time_orthogonal_pilots(
            num_ofdm_symbols, fft_size - 3, range(num_streams), num_streams=num_streams
        ),
    )


@pytest.mark.parametrize("num_streams", [1, 2, 3])
@pytest.mark.parametrize("no_shape", [(), (5,), (5, 1), (5, 1, 4)])
def test_equals_sionnas_equalizer(num_streams, no_shape, rng, complex_normal):
    rg = grid(num_streams)
    y = complex_normal(5, 1, 4, 6, 9)
    h_hat = complex_normal(5, 1, 4, 1, num_streams, 6, 6)
    err_var = rng.uniform(0.01, 0.2, h_hat.shape).astype(np.float32)
    no = rng.uniform(0.05, 0.5, no_shape).astype(np.float32)
    sionna = LMMSEEqualizer(rg, StreamManagement(np.ones((1, 1), int), num_streams))
    x_ref, no_ref = sionna(y, h_hat, err_var, no)
    x_hat, no_eff = FewStreamsLMMSEEqualizer(rg)(y, h_hat, err_var, no)
    np.testing.assert_allclose(x_hat, x_ref, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(no_eff, no_ref, rtol=1e-3, atol=1e-4)


def test_error_variance_may_be_broadcast(complex_normal):
    rg = grid(2)
    y, h_hat = complex_normal(3, 1, 4, 6, 9), complex_normal(3, 1, 4, 1, 2, 6, 6)
    one = np.full((1,) * 7, 0.1, np.float32)
    full = np.full(h_hat.shape, 0.1, np.float32)
    equalizer = FewStreamsLMMSEEqualizer(rg)
    for a, b in zip(
        equalizer(y, h_hat, one, 0.1), equalizer(y, h_hat, full, 0.1), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("num_streams", [1, 2, 3])
def test_promised_noise_is_the_noise(num_streams, complex_normal):
    """The unbiased estimate of known symbols errs by no_eff, within 4 s.e."""
    n, num_rx = 20_000, 4
    h = np.broadcast_to(
        complex_normal(1, num_rx, num_streams, 1), (n, num_rx, num_streams, 1)
    )
    x, noise = complex_normal(n, num_streams, 1), complex_normal(n, num_rx, 1)
    no = 0.3
    y = np.einsum("brst,bst->brt", h, x) + np.sqrt(no) * noise
    s = np.full(y.shape, no, np.float32)
    x_hat, no_eff = lmmse_equalize(y.astype(np.complex64), h, s)
    error = np.abs(x_hat.numpy() - x)[..., 0] ** 2
    four_se = 4 * error.std(axis=0) / np.sqrt(n)
    assert np.all(np.abs(error.mean(axis=0) - no_eff.numpy()[0, :, 0]) < four_se)


@pytest.mark.parametrize("num_streams", [1, 2, 3])
def test_no_channel_leaves_no_knowledge(num_streams, complex_normal):
    h = np.zeros((2, 4, num_streams, 3), np.complex64)
    x_hat, no_eff = lmmse_equalize(complex_normal(2, 4, 3), h, np.ones((2, 4, 3), "f4"))
    assert np.all(x_hat.numpy() == 0)
    assert np.all(no_eff.numpy() > 1e15)
    assert np.all(np.isfinite(no_eff.numpy()))


def test_refuses_what_it_cannot_equalize(complex_normal):
    with pytest.raises(TypeError, match="resource_grid must be a ResourceGrid"):
        FewStreamsLMMSEEqualizer("grid")
    with pytest.raises(ValueError, match="num_tx = 1, got 2"):
        FewStreamsLMMSEEqualizer(ResourceGrid(14, 12, 30e3, num_tx=2))
    y, h_hat = complex_normal(3, 2, 4, 6, 9), complex_normal(3, 2, 4, 1, 2, 6, 6)
    with pytest.raises(ValueError, match="one receiver on axis 1"):
        FewStreamsLMMSEEqualizer(grid(2))(y, h_hat, 0.1, 0.1)
