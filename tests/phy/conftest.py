"""Small links and data that the tests of this room share."""

import pytest
import tensorflow as tf


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


@pytest.fixture
def gaussian_prior():
    return GaussianPrior
