"""Data spread over the subcarriers of their symbol."""

import numpy as np
import pytest
import tensorflow as tf

from commgen.phy import parse_config
from commgen.phy.ofdm.spreading import Spreading


@pytest.fixture
def spreading(base):
    base["link"]["waveform"] = {"kind": "dft-spread"}
    return Spreading(parse_config(base).link)


def test_data_come_back_and_their_variance_is_what_is_left(spreading):
    """Selective channel, LMMSE symbols: unbiased, and as wrong as they say."""
    rng = np.random.default_rng(0)
    x = np.exp(0.5j * np.pi * (rng.integers(4, size=(3000, 1, 1, 24)) + 0.5))
    variance = np.tile(10 ** rng.uniform(-2, 1, 12), 2).astype(np.float32)
    noise = rng.normal(size=(2, *x.shape)) * np.sqrt(variance / 2)
    seen = spreading.spread(x.astype(np.complex64)) + noise[0] + 1j * noise[1]
    told = np.broadcast_to(variance, x.shape)
    found, left = spreading.despread(
        tf.constant(seen, tf.complex64), tf.constant(told, tf.float32)
    )
    gain = np.vdot(x, found) / np.vdot(x, x)
    assert abs(gain - 1) < 0.02
    error = np.mean(np.abs(found - x) ** 2)
    assert error == pytest.approx(np.mean(left), rel=0.02)
    # The unbiased SINR of MMSE equalisation in the frequency domain, 1 / mean(mse) - 1.
    mse = np.mean(told / (1 + told))
    assert 1 / np.mean(left) == pytest.approx(1 / mse - 1, rel=1e-3)


def test_without_noise_data_are_exact(spreading):
    x = np.exp(1j * np.arange(36, dtype=np.float32)).reshape(1, 1, 1, 36)
    found, left = spreading.despread(spreading.spread(x), tf.fill(x.shape, 1e-6))
    np.testing.assert_allclose(found, x, atol=1e-5)
    np.testing.assert_allclose(left, 1e-6, rtol=0.2)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        ({"kind": "ls", "iterations": 1}, r"0\.iterations: must be 0 where .*, got 1"),
        ({"kind": "neural-receiver", "model": "m"}, r"0\.kind: must be that of an est"),
    ],
)
def test_receivers_that_know_no_spreading_are_refused(base, estimator, message):
    base["link"]["waveform"] = {"kind": "dft-spread"}
    base["estimators"] = [estimator]
    with pytest.raises(ValueError, match=message):
        parse_config(base)


def test_pilots_among_data_are_refused(base):
    base["link"].update(waveform={"kind": "dft-spread"}, pilot_subcarrier_step=2)
    with pytest.raises(ValueError, match="pilot_subcarrier_step: must be 1 where data"):
        parse_config(base)
