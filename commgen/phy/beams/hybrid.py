"""Precoders with few radio chains: phase shifters behind a small digital precoder."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_int
from commgen.phy.beams.belief import Belief
from commgen.phy.beams.constant_modulus import phases
from commgen.phy.beams.linear import RZF
from commgen.phy.beams.precoder import Precoder
from commgen.phy.beams.wmmse import side_by_side


class HybridPrecoder(Precoder):
    r"""Weights F B: phases F of shifters, and digital weights B of fewer chains.

    F is fitted to the weights W that a digital precoder would give all antennas,
    :math:`\min \|W - F B\|^2` with :math:`|F_{mc}| = 1`, in turns: least squares for B,
    then each column of F at its best phases given the rest. It starts exact for as many
    streams as have two chains: :math:`2 \cos\theta\, e^{j\phi} = e^{j(\phi+\theta)} +
    e^{j(\phi-\theta)}` makes any vector of two columns (Sohrabi and Yu, IEEE J. Sel.
    Topics Signal Process. 10, 2016, prop. 2). What the shifters are, the digital
    precoder then sees as a channel of ``num_chains`` antennas, of which it has the same
    belief; so nothing is lost where F can carry W.

    With a ``codebook`` F has columns of it, chosen one after the other by what they
    catch of what is left of W (orthogonal matching pursuit; El Ayach et al., IEEE
    Trans. Wireless Commun. 13, 2014, algorithm 1).

    Parameters
    ----------
    num_chains
        Radio chains, at least one for each stream.
    digital
        Precoder of all antennas, and of the chains; :class:`RZF` where None.
    num_steps
        Turns; 0 leaves the start.
    codebook : [num_tx_ant, size], complex, or None
        Columns to choose from; of modulus one, such as those of a DFT.
    """

    def __init__(
        self,
        num_chains: int,
        digital: Precoder | None = None,
        *,
        num_steps: int = 20,
        codebook: Any = None,
    ):
        self.digital = RZF() if digital is None else digital
        super().__init__(self.digital.num_streams)
        self.num_chains = check_int("num_chains", num_chains, low=1)
        self.num_steps = check_int("num_steps", num_steps, low=0)
        self._codebook = None if codebook is None else _columns(codebook)

    def weights(self, belief: Belief, no, power) -> tf.Tensor:
        """Return weights that phase shifters and chains can make."""
        basis = _orthonormal(self.shifters(belief, no, power))
        return tf.matmul(
            basis[:, None], self.digital.weights(_through(belief, basis), no, power)
        )

    def shifters(self, belief: Belief, no, power) -> tf.Tensor:
        """Return the phases of the shifters.

        Returns
        -------
        [batch, num_tx_ant, num_chains], complex
            Of modulus one.

        Raises
        ------
        ValueError
            If there are fewer chains than streams, or more than antennas.
        """
        num = self.num_streams * belief.num_users
        if not num <= self.num_chains <= belief.num_tx_ant:
            raise ValueError(
                f"num_chains must be from the {num} streams to the "
                f"{belief.num_tx_ant} antennas, got {self.num_chains}."
            )
        W = side_by_side(self.digital.weights(belief, no, power))
        if self._codebook is not None:
            return self._pursued(W, self._codebook)
        F = _started(W, self.num_chains)
        for _ in range(self.num_steps):
            F = _turned(F, W)
        return F

    def _pursued(self, W, codebook: np.ndarray) -> Any:
        D = tf.constant(codebook, W.dtype)
        if len(codebook) != W.shape[1] or codebook.shape[1] < self.num_chains:
            raise ValueError(
                f"codebook must be [{W.shape[1]}, at least {self.num_chains}], got "
                f"{tuple(D.shape)}."
            )
        F, left = W[..., :0], W
        taken = tf.zeros([tf.shape(W)[0], D.shape[1]], W.dtype.real_dtype)
        for _ in range(self.num_chains):
            caught = tf.abs(tf.einsum("mc,bms->bcs", tf.math.conj(D), left)) ** 2
            best = tf.argmax(tf.reduce_sum(caught, -1) - taken, axis=1)
            # Each column once: least squares leave nothing along those that are taken.
            taken += tf.one_hot(best, D.shape[1], 1e30, 0.0, dtype=taken.dtype)
            column = tf.gather(tf.transpose(D), best)[..., None]
            F = tf.concat([F, column], axis=2)
            left = W - tf.matmul(F, _fitted(F, W))
        return F


def _started(W: Any, num_chains: int) -> Any:
    """Columns exact for the strongest streams, then for the rest, their phases."""
    num = int(W.shape[2])
    strength = tf.abs(W)
    order = tf.argsort(tf.reduce_sum(strength**2, 1), direction="DESCENDING")
    W = tf.gather(W, order, axis=2, batch_dims=1)
    strength = tf.abs(W)
    most = tf.reduce_max(strength, axis=1, keepdims=True)
    share = tf.math.divide_no_nan(strength, most)
    rest = tf.maximum(1 - share**2, 0)
    # The slope of the root has no end at zero, where nothing hangs on it.
    rest = tf.where(rest > 0, tf.sqrt(tf.where(rest > 0, rest, 1)), 0)
    turn: Any = tf.complex(share, rest)
    paired = min(num, num_chains - num)
    u: Any = phases(W)
    columns = [u[..., :paired] * turn[..., :paired]]
    columns += [u[..., :paired] * tf.math.conj(turn[..., :paired]), u[..., paired:]]
    n, extra = int(W.shape[1]), num_chains - num - paired
    more = np.exp(2j * np.pi * np.outer(np.arange(n), np.arange(extra)) / n)
    columns.append(tf.ones_like(W[..., :1]) * tf.constant(more, W.dtype))
    return tf.concat(columns, axis=2)


def _turned(F, W):
    """Return better phases: least squares, then each column given the rest."""
    B = _fitted(F, W)
    seen = tf.matmul(W, B, adjoint_b=True)
    G = tf.matmul(B, B, adjoint_b=True)
    columns = tf.unstack(F, axis=2)
    for c in range(len(columns)):
        others = tf.matmul(tf.stack(columns, axis=2), G[..., c : c + 1])[..., 0]
        others -= columns[c] * G[:, c, c, None]
        columns[c] = phases(seen[..., c] - others)
    return tf.stack(columns, axis=2)


def _fitted(F, W):
    """Return B of least |W - F B|."""
    return tf.linalg.cholesky_solve(_root(F), tf.matmul(F, W, adjoint_a=True))


def _orthonormal(F):
    """Return orthonormal columns of the same span; nothing where F has less of it."""
    L = _root(F)
    return tf.linalg.adjoint(
        tf.linalg.triangular_solve(L, tf.linalg.adjoint(F), lower=True)
    )


def _root(F):
    G = tf.matmul(F, F, adjoint_a=True)
    # Columns that repeat would leave nothing to divide by.
    load = np.sqrt(np.finfo(F.dtype.as_numpy_dtype).eps) * 1e-2 * int(F.shape[1])
    load = tf.cast(load, G.dtype) * tf.eye(G.shape[-1], dtype=G.dtype)
    return tf.linalg.cholesky(G + load)


def _through(belief: Belief, basis) -> Belief:
    """Return the belief of channels H Q for columns Q, [batch, num_tx_ant, chains]."""
    Q, cov, samples = basis[:, None], belief.err_cov, belief.samples
    if cov is not None:
        # Of rows e Q: E[(e Q)^T (e Q)^*] = Q^T C Q^*.
        cov = tf.matmul(tf.matmul(Q, cov, transpose_a=True), tf.math.conj(Q))
    if samples is not None:
        samples = tf.matmul(samples, Q[None])
    return Belief(tf.matmul(belief.mean, Q), cov, samples)


def _columns(codebook) -> np.ndarray:
    found = np.asarray(codebook, np.complex128)
    if found.ndim != 2 or not np.allclose(np.abs(found), np.abs(found).flat[0]):
        raise ValueError(
            "codebook must be [num_tx_ant, size] of one modulus, got shape "
            f"{found.shape}."
        )
    return found / np.abs(found).flat[0]
