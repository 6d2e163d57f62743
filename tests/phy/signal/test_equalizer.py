import numpy as np
import pytest
import tensorflow as tf
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


def exact(y, h, s):
    """LMMSE with twice orthogonalised columns of [S^-1/2 H; I] in 64-bit mantissas."""
    root = 1 / np.sqrt(s.astype(np.longdouble))
    columns = np.moveaxis(h.astype(np.clongdouble) * root[:, :, None], 2, 0)
    num_streams, n = columns.shape[:2]
    unit = np.broadcast_to(
        np.eye(num_streams)[:, None, :, None], (num_streams, n, num_streams, 1)
    )
    columns = np.concatenate([columns, unit], axis=2)
    right = np.concatenate([y * root, np.zeros((n, num_streams, 1))], axis=1)
    x_hat, no_eff = [], []
    for i in range(num_streams):
        basis = []
        for column in (columns[j] for j in range(num_streams) if j != i):
            left = without(column, basis)
            norm = np.sqrt(np.sum(np.abs(left) ** 2, axis=1, keepdims=True))
            basis.append(left / norm)
        left = without(columns[i], basis)
        # The row of the stream itself is 1 in its own column, and zero in the others.
        others = np.arange(left.shape[1]) != h.shape[1] + i
        q = np.sum(np.abs(left[:, others]) ** 2, axis=1)
        x_hat.append(np.sum(left.conj() * without(right, basis), axis=1) / q)
        no_eff.append(1 / q)
    return np.stack(x_hat, axis=1), np.stack(no_eff, axis=1)


def without(v, basis):
    for _ in range(2):
        for q in basis:
            v = v - q * np.sum(q.conj() * v, axis=1, keepdims=True)
    return v


@pytest.mark.parametrize("num_rx", range(1, 9))
@pytest.mark.parametrize("num_streams", range(1, 9))
def test_single_precision_does_not_cancel(num_streams, num_rx, complex_normal):
    """Also with more streams than antennas, and columns that are (almost) equal."""
    n, snr_db = 4, np.arange(-40, 121, 20)
    apart = np.array([1, 0, 1e-7, 1e-5, 1e-3])  # of the columns, beside a common one
    shape = len(apart), len(snr_db), n
    h = complex_normal(*shape, num_rx, num_streams, 1)
    h[1:] = h[1:, ..., :1, :] + apart[1:, None, None, None, None, None] * h[1:]
    no = np.broadcast_to(10 ** (-snr_db / 10)[:, None], shape).reshape(-1, 1, 1)
    h = h.reshape(-1, *h.shape[3:])
    x, noise = (complex_normal(len(h), k, 1) for k in (num_streams, num_rx))
    y = np.einsum("brst,bst->brt", h, x) + np.sqrt(no) * noise
    y, h = y.astype(np.complex64), h.astype(np.complex64)
    s = np.broadcast_to(no, y.shape).astype(np.float32)
    x_ref, no_ref = exact(y, h, s)
    x_hat, no_eff = lmmse_equalize(y, h, s)
    error, power = (
        (np.abs(v) ** 2).reshape(*shape, -1).mean(axis=(2, 3))
        for v in (x_hat.numpy() - x_ref, x_ref)
    )
    assert np.max(error / power) < 1e-3**2
    np.testing.assert_allclose(no_eff.numpy(), no_ref.astype(float), rtol=1e-3)


def test_gradient_passes_through_elements_computed_again(complex_normal):
    h = tf.Variable(np.repeat(complex_normal(3, 2, 1, 4), 2, axis=2))
    y, s = tf.constant(complex_normal(3, 2, 4)), tf.fill((3, 2, 4), 1e-8)
    with tf.GradientTape() as tape:
        x_hat, no_eff = lmmse_equalize(y, h, s)
        loss = tf.reduce_sum(tf.abs(x_hat)) + tf.reduce_sum(no_eff)
    assert np.isfinite(tape.gradient(loss, h).numpy()).all()


def test_refuses_what_it_cannot_equalize(complex_normal):
    with pytest.raises(TypeError, match="resource_grid must be a ResourceGrid"):
        FewStreamsLMMSEEqualizer("grid")
    with pytest.raises(ValueError, match="num_tx = 1, got 2"):
        FewStreamsLMMSEEqualizer(ResourceGrid(14, 12, 30e3, num_tx=2))
    y, h_hat = complex_normal(3, 2, 4, 6, 9), complex_normal(3, 2, 4, 1, 2, 6, 6)
    with pytest.raises(ValueError, match="one receiver on axis 1"):
        FewStreamsLMMSEEqualizer(grid(2))(y, h_hat, 0.1, 0.1)
