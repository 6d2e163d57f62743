"""Power over parallel channels, one user's capacity, and the limit of all users."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_int, check_positive
from commgen.phy.beams.belief import Belief
from commgen.phy.beams.precoder import Precoder


def water_filling(gains: Any, power: float) -> np.ndarray:
    """Share power over parallel channels for the largest sum of rates.

    Parameters
    ----------
    gains : [..., n], float
        Squared channel over noise of each.
    power
        To be shared, linear.

    Returns
    -------
    [..., n], float
        Power of each, of sum ``power``; evenly where all gains are zero (Cover and
        Thomas, *Elements of Information Theory*, 2nd ed. 2006, sec. 9.4).

    Raises
    ------
    ValueError
        If a gain is negative or not finite, or the power is not above 0.

    Examples
    --------
    >>> water_filling([2.0, 1.0, 0.1], 1.0).tolist()
    [0.75, 0.25, 0.0]
    """
    power, g = check_positive("power", power), np.asarray(gains, np.float64)
    if not (np.isfinite(g).all() and (g >= 0).all()):
        raise ValueError(f"gains must be finite and at least 0, got {g.min():.3g}.")
    none = ~(g > 0).any(axis=-1, keepdims=True)
    level = 1 / np.maximum(np.where(none, 1.0, g), 1e-300)
    ordered = np.sort(level, axis=-1)
    count = np.arange(1, g.shape[-1] + 1)
    height = (power + np.cumsum(ordered, axis=-1)) / count
    used = np.sum(height > ordered, axis=-1, keepdims=True)
    water = np.take_along_axis(height, used - 1, axis=-1)
    return np.maximum(water - level, 0.0)


class SVDPrecoder(Precoder):
    """Streams of one user along singular vectors, with water-filling of the power.

    The capacity of one link whose channel both ends know (Telatar, European Trans.
    Telecommun. 10, 1999, sec. 3.2). Users of several are refused.
    """

    def weights(self, belief: Belief, no, power) -> tf.Tensor:
        """Return singular vectors, as strong as water-filling says."""
        if belief.num_users != 1:
            raise ValueError(
                f"num_users must be 1 along singular vectors, got {belief.num_users}."
            )
        s, _, v = tf.linalg.svd(belief.mean)
        s, v = s[..., : self.num_streams], v[..., : self.num_streams]
        gains = s**2 / tf.cast(no, s.dtype)
        share = tf.numpy_function(
            lambda g, p: water_filling(g, float(p)).astype(g.dtype),
            [gains, tf.cast(power, s.dtype)],
            s.dtype,
        )
        share = tf.ensure_shape(share, s.shape)
        return v * tf.cast(tf.sqrt(share), v.dtype)[..., None, :]


def dpc_capacity(
    h: Any, no: float, power: float = 1.0, *, num_steps: int = 200
) -> np.ndarray:
    r"""Sum capacity of the downlink, which dirty-paper coding reaches.

    By duality it is that of the uplink with the same total power,

    .. math:: \max_{Q_k \succeq 0,\, \sum_k \mathrm{tr} Q_k \le P}
        \log_2 \det\left(I + \frac{1}{N_0} \sum_k H_k^H Q_k H_k\right)

    found by iterative water-filling (Jindal et al., IEEE Trans. Inf. Theory 51, 2005,
    algorithm 2), whose value rises to the maximum.

    Parameters
    ----------
    h : [batch, num_users, num_rx_ant, num_tx_ant], complex
        Channels.
    no
        Noise variance at a receive antenna, linear.
    power
        Sum over all antennas, linear.
    num_steps
        Rounds; 200 leave less than 1e-3 bit of eight users at 20 dB.

    Returns
    -------
    [batch], float
        Bits per channel use; a lower bound of the capacity, from below.
    """
    H = Belief.of(np.asarray(h)).mean.numpy().astype(np.complex128)
    H = H / np.sqrt(check_positive("no", no))
    power = check_positive("power", power)
    num_steps = check_int("num_steps", num_steps, low=1)
    batch, users, rx, tx = H.shape
    Q = np.tile(np.eye(rx) * power / (users * rx), (batch, users, 1, 1)).astype(complex)
    for _ in range(num_steps):
        each = _adjoint(H) @ Q @ H
        total = np.eye(tx) + each.sum(axis=1)
        seen = H @ np.linalg.solve(total[:, None] - each, _adjoint(H))
        gains, vectors = np.linalg.eigh(seen)
        flat = np.maximum(gains, 0).reshape(batch, -1)
        share = water_filling(flat, power).reshape(batch, users, rx)
        new = (vectors * share[..., None, :]) @ _adjoint(vectors)
        Q = new / users + Q * (users - 1) / users
    total = np.eye(tx) + (_adjoint(H) @ Q @ H).sum(axis=1)
    return np.linalg.slogdet(total)[1] / np.log(2)


def _adjoint(x):
    return np.swapaxes(x.conj(), -1, -2)
