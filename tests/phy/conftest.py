"""Small links and data that the tests of this room share."""

import copy

import pytest
import tensorflow as tf

BASE = {
    "seed": 1,
    "channel": {
        "source": "3gpp",
        "scenario": "tdl",
        "model": "A",
        "delay_spread_s": 1e-7,
        "carrier_hz": 3.5e9,
        "num_rx_ant": 2,
    },
    "link": {
        "fft_size": 12,
        "subcarrier_spacing_hz": 30e3,
        "num_rx_ant": 2,
        "coderate": 0.5,
        "time_interpolation": "average",
        "num_decoder_iterations": 5,
    },
    "estimators": [{"kind": "ls"}, {"kind": "perfect"}],
    "sweep": {
        "snr_start_db": -5,
        "snr_stop_db": 10,
        "snr_step_db": 5,
        "batch_size": 32,
        "max_num_blocks": 96,
        "target_block_errors": 60,
    },
}


class GaussianPrior:
    """CN(0, R) and its MMSE estimate, straight from the textbook."""

    def __init__(self, cov_mat, event_shape):
        self.event_shape = event_shape
        self._R = tf.constant(cov_mat, tf.complex64)

    def denoise(self, y, no):
        size = self._R.shape[0]
        R, eye = self._R, tf.eye(self._R.shape[0], dtype=tf.complex64)
        no = tf.cast(tf.broadcast_to(no, tf.shape(y)[:1]), tf.complex64)
        W = R @ tf.linalg.inv(R + no[:, None, None] * eye)
        h_hat = tf.linalg.matvec(W, tf.reshape(y, [-1, size]))
        err_var = tf.math.real(tf.linalg.diag_part(R - W @ R))
        shape = tf.shape(y)
        return tf.reshape(h_hat, shape), tf.reshape(err_var, shape)


@pytest.fixture(scope="session")
def base_values():
    """Plain values of a small simulation, not to be changed."""
    return copy.deepcopy(BASE)


@pytest.fixture
def base():
    """Plain values of a small simulation, to be changed at will."""
    return copy.deepcopy(BASE)


@pytest.fixture
def gaussian_prior():
    return GaussianPrior
