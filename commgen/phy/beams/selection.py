"""Which users are served together, by what is believed of their channels."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_int
from commgen.phy.beams.belief import Belief
from commgen.phy.beams.precoder import Precoder
from commgen.phy.beams.rate import sum_rate


def select_users(
    belief: Belief,
    no: float,
    power: float = 1.0,
    *,
    num_users: int,
    precoder: Precoder,
) -> np.ndarray:
    """Add one user after the other, each the one with whom the expected rate is most.

    The expected rate is that of ``precoder`` with what is believed of the chosen users,
    in the mean over the samples of the belief: greedy selection (Dimic and
    Sidiropoulos, IEEE Trans. Signal Process. 53, 2005, sec. IV) on a posterior instead
    of a channel. It costs a pass for each user that is left at each step.

    Parameters
    ----------
    belief
        Of all who ask; with samples, else the rate of the mean counts.
    no, power
        As of the precoder.
    num_users
        That are chosen.
    precoder
        Whose rate counts, of any number of users up to ``num_users``.

    Returns
    -------
    [batch, num_users], int
        The chosen, in the order of their choice.

    Raises
    ------
    ValueError
        If more are to be chosen than ask.
    """
    total = belief.num_users
    check_int("num_users", num_users, low=1, high=total)
    batch = int(belief.mean.shape[0])
    chosen = np.zeros([batch, 0], np.int64)
    for _ in range(num_users):
        rates = np.full([batch, total], -np.inf)
        for user in range(total):
            among = np.concatenate([chosen, np.full([batch, 1], user)], axis=1)
            rates[:, user] = _expected_rate(
                take_users(belief, among), no, power, precoder
            )
        np.put_along_axis(rates, chosen, -np.inf, axis=1)
        chosen = np.concatenate([chosen, rates.argmax(axis=1)[:, None]], axis=1)
    return chosen


def strongest_users(belief: Belief, num_users: int) -> np.ndarray:
    """Return the users of most expected power, [batch, num_users].

    Parameters
    ----------
    belief
        Of all who ask; the error counts where its covariance is known.
    num_users
        That are chosen.

    Raises
    ------
    ValueError
        If more are to be chosen than ask.
    """
    check_int("num_users", num_users, low=1, high=belief.num_users)
    power = np.sum(np.abs(np.asarray(belief.mean)) ** 2, axis=(2, 3))
    if belief.err_cov is not None:
        error = np.trace(np.asarray(belief.err_cov), axis1=2, axis2=3).real
        power = power + belief.num_rx_ant * error
    return np.argsort(-power, axis=1, kind="stable")[:, :num_users]


def take_users(belief: Belief, users: Any) -> Belief:
    """Return what is believed of some users.

    Parameters
    ----------
    belief
        Of all.
    users : [batch, n], int
        Of each belief its own.
    """
    cov, samples = belief.err_cov, belief.samples
    return Belief(
        tf.gather(belief.mean, users, axis=1, batch_dims=1),
        None if cov is None else tf.gather(cov, users, axis=1, batch_dims=1),
        None if samples is None else _of_samples(samples, users),
    )


def _of_samples(samples, users):
    first = tf.transpose(samples, [1, 2, 0, 3, 4])
    return tf.transpose(tf.gather(first, users, axis=1, batch_dims=1), [2, 0, 1, 3, 4])


def _expected_rate(belief, no, power, precoder):
    w = precoder(belief, no, power)
    if belief.samples is None:
        return sum_rate(belief.mean, w, no).numpy()
    return tf.reduce_mean(sum_rate(belief.samples, w[None], no), axis=0).numpy()
