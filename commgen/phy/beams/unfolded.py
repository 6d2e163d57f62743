"""Network that takes steps of WMMSE, longer and better aimed than its own."""

import math
from typing import Any

import keras as _keras
import tensorflow as tf

from commgen._checks import check_int

keras: Any = _keras
layers: Any = _keras.layers

_TINY = 1e-9
_FEATURES = 12
_LOAD = 1e-6
#: Largest correction of the logarithm of a share, and of what an error weighs.
_MOST = 8.0
_MOST_ERROR = 2.0
# What the network says of a user in a round: two shares, bend and weight of the error.
_SAID = 4


@keras.saving.register_keras_serializable("commgen")
class UnfoldedPrecoder(keras.Model):
    r"""From channels to weights in a few rounds, the same for any number of users.

    Weights that no small change improves have the form

    .. math:: w_k \propto \sqrt{q_k} \Bigl(\sum_j \lambda_j
        (\hat{h}_j^H \hat{h}_j + C_j) + N_0 I\Bigr)^{-1} \hat{h}_k^H, \quad
        \sum_j \lambda_j = P

    with two numbers for each user (Bjoernson, Bengtsson and Ottersten, IEEE Signal
    Process. Mag. 31(4), 2014, eq. 17). A round computes the weights of the present
    numbers and, from what all users hear of each other, those that a step of WMMSE goes
    to; a network over the users multiplies them by what it has learned. Before training
    it multiplies by one, and n rounds are n steps of WMMSE from regularised zero
    forcing. Users are exchangeable: what is learned holds for any number of them, and
    of antennas.

    Over many channels that may be, a receiver follows each of them, and the form is
    another: what user j does not want weighs :math:`\kappa_j C_j`, and the right-hand
    side is bent from the mean towards where the error lies along the weights,
    :math:`\hat{h}_k^H + \beta_k C_k w_k (\hat{h}_k w_k)^* / (|\hat{h}_k w_k|^2 +
    w_k^H C_k w_k)`. The network says both, before training 1 and 0.

    Parameters
    ----------
    num_rounds
        At least 1; one more system of equations is solved.
    width
        Of the hidden layer.
    num_states
        Numbers that a user carries from a round to the next.
    name
        As in Keras.

    Input
    -----
    h : [batch, num_users, num_tx_ant], complex
        Mean of the channels over a noise of one, at a power of one.
    err_cov : [batch, num_users, num_tx_ant, num_tx_ant], complex, or None
        Covariance of a row of the error, in the same units.

    Output
    ------
    w : [batch, num_users, num_tx_ant], complex
        Of power one.
    """

    def __init__(self, num_rounds=2, width=32, num_states=8, *, name=None):
        super().__init__(name=name)
        self.num_rounds = check_int("num_rounds", num_rounds, low=1)
        self.width = check_int("width", width, low=1)
        self.num_states = check_int("num_states", num_states, low=1)
        self._stems = [layers.Dense(width, "relu") for _ in range(num_rounds)]
        self._mixers = [layers.Dense(width, "relu") for _ in range(num_rounds)]
        self._heads = [
            layers.Dense(_SAID + num_states, kernel_initializer="zeros")
            for _ in range(num_rounds)
        ]

    def build(self, input_shape=None):
        """Make the weights, which no number of users or antennas decides."""
        for stem, mixer, head in zip(
            self._stems, self._mixers, self._heads, strict=True
        ):
            stem.build((None, None, _FEATURES + self.num_states))
            mixer.build((None, None, 5 * self.width))
            head.build((None, None, self.width))
        super().build(input_shape)

    def call(self, h, err_cov=None):
        """Return the weights."""
        shares = tf.ones_like(tf.math.real(h[..., 0])) / h.shape[1]
        state = tf.zeros([*shares.shape, self.num_states], shares.dtype)
        at, alike = _Point(h, err_cov, shares, tf.ones_like(shares)), _alike(h)
        for i in range(self.num_rounds):
            log_lambda, log_q = at.step()
            z = self._stems[i](tf.concat([at.features(log_lambda, log_q), state], -1))
            told = [z, *at.messages(z, alike)]
            z = self._mixers[i](tf.concat(told, axis=-1))
            out = self._heads[i](z)
            change = _MOST * tf.tanh(out[..., :2] / _MOST)
            state = state + out[..., _SAID:]
            log_lambda, log_q = log_lambda + change[..., 0], log_q + change[..., 1]
            last = i == self.num_rounds - 1
            shares = tf.nn.softmax(log_lambda)
            goal, errors = h, None
            if err_cov is not None:
                goal = at.bent(out[..., 2])
                errors = tf.exp(_MOST_ERROR * tf.tanh(out[..., 3] / _MOST_ERROR))
            q = tf.nn.softmax(log_q)
            at = _Point(h, err_cov, shares, q, goal=goal, errors=errors, heard=not last)
        return at.weights

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            "num_rounds": self.num_rounds,
            "width": self.width,
            "num_states": self.num_states,
            "name": self.name,
        }


class _Point:
    """Weights of given numbers of the users, and what the users hear then."""

    def __init__(self, h, err_cov, shares, q, *, goal=None, errors=None, heard=True):
        self._h, self._err_cov, self._shares = h, err_cov, shares
        A = _system(h, err_cov, shares, errors)
        goal = tf.linalg.adjoint(h if goal is None else goal)
        W = tf.linalg.cholesky_solve(A, goal)  # [batch, num_tx_ant, num_users]
        length = tf.reduce_sum(_power(W), axis=1)
        sent = q * length
        total = tf.reduce_sum(sent, axis=1, keepdims=True)
        self._sent = tf.math.divide_no_nan(sent, total)
        scale = tf.math.divide_no_nan(q, total)
        amplitudes = _complex(tf.sqrt(scale))[:, None]
        self.weights = tf.linalg.matrix_transpose(W * amplitudes)
        if heard:
            self._hear(h, err_cov, W * amplitudes)

    def _hear(self, h, err_cov, W):
        through = _power(tf.matmul(h, W))  # at user k from stream j
        self._signal = tf.linalg.diag_part(through)
        errors = tf.zeros_like(through)
        if err_cov is not None:
            errors = _error_power(err_cov, W)
        own = tf.linalg.diag_part(errors)
        self._cross = tf.linalg.set_diag(through + errors, tf.zeros_like(own))
        self._noise = 1 + tf.reduce_sum(self._cross, axis=2) + own
        self._total = self._noise + self._signal
        self._own_error = own

    def step(self):
        """Return the logarithms that a step of WMMSE goes to.

        With receivers u_k and weights v_k of the errors, it sets lambda_k to
        |u_k|^2 v_k and q_k to |u_k v_k|^2.
        """
        ratio = self._signal / self._noise
        return _log(ratio / self._total), _log(ratio / self._noise)

    def bent(self, bend):
        """Return channels bent towards their errors, [batch, num_users, num_tx_ant].

        Parameters
        ----------
        bend : [batch, num_users], float
            How much, 0 for not at all.
        """
        # Rows: conj(err_cov) w is the error's part of E[h^H h] w.
        along = tf.linalg.matvec(tf.math.conj(self._err_cov), self.weights)
        through = tf.reduce_sum(self._h * self.weights, axis=2)
        power = _power(through)
        power += tf.math.real(tf.reduce_sum(tf.math.conj(self.weights) * along, 2))
        factor = through * _complex(bend / (power + _TINY))
        return self._h + tf.math.conj(along) * factor[..., None]

    def features(self, log_lambda, log_q):
        """Return what a user is told, [batch, num_users, features]."""
        gain = tf.reduce_sum(_power(self._h), axis=2)
        leaked = tf.reduce_sum(self._cross, axis=1)
        values = [self._signal, self._noise - 1, leaked, gain, self._own_error]
        values += [self._signal / self._noise, gain * self._sent]
        spread = tf.reduce_logsumexp(log_lambda, axis=1, keepdims=True)
        spread_q = tf.reduce_logsumexp(log_q, axis=1, keepdims=True)
        logs = [tf.math.log1p(v) for v in values]
        logs += [_log(self._shares), _log(self._sent)]
        logs += [log_lambda - spread, log_q - spread_q]
        count = tf.ones_like(gain) * math.log(int(self._h.shape[1]))
        return tf.stack([*logs, count], axis=-1) / 4

    def messages(self, z, alike):
        """Return what the users tell each other, [batch, num_users, width] each."""
        heard = self._cross / self._total[:, :, None]
        yield tf.matmul(heard, z)
        yield tf.matmul(heard, z, transpose_a=True)
        yield tf.matmul(alike, z)
        yield tf.reduce_mean(z, axis=1, keepdims=True) + tf.zeros_like(z)


def _system(h, err_cov, shares, errors):
    """Return the Cholesky factor of the matrix that all directions share."""
    share = _complex(shares)
    A = tf.matmul(h, h * share[..., None], adjoint_a=True)
    if err_cov is not None:
        weight = share if errors is None else _complex(shares * errors)
        # Rows: E[e^H e] is the conjugate of E[e^T e^*].
        A += tf.einsum("bk,bkmn->bmn", weight, tf.math.conj(err_cov))
    # In single precision a loud signal would leave nothing of the noise.
    load = 1 + _LOAD * tf.math.real(tf.linalg.trace(A))
    A += _complex(load)[:, None, None] * tf.eye(A.shape[-1], dtype=A.dtype)
    return tf.linalg.cholesky(A)


def _alike(h):
    """Return the squared cosines between users, zero with oneself."""
    norms = tf.sqrt(tf.reduce_sum(_power(h), axis=2)) + _TINY
    unit = h / _complex(norms)[..., None]
    cosines = _power(tf.matmul(unit, unit, adjoint_b=True))
    return tf.linalg.set_diag(cosines, tf.zeros_like(norms))


def _error_power(err_cov, W):
    """Return the power at user k from stream j that the error lets through."""
    through = tf.matmul(tf.math.conj(err_cov), W[:, None])
    return tf.reduce_sum(tf.math.real(tf.math.conj(W[:, None]) * through), axis=2)


def _complex(x):
    return tf.complex(x, tf.zeros_like(x))


def _power(x):
    return tf.math.real(x) ** 2 + tf.math.imag(x) ** 2


def _log(x):
    return tf.math.log(x + _TINY)
