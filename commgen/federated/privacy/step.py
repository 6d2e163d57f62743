"""A step of training that no single channel can change much (DP-SGD)."""

import secrets
from typing import Any

from commgen._checks import check_positive
from commgen.federated.privacy.gradients import per_channel_gradients
from commgen.generative._untyped import tf
from commgen.generative.network import NetworkModel

# Channels whose gradients are held at once.
_CHUNK = 64
# Far more than a network has: where the seeds of the next step begin.
_MOST_ARRAYS = 2**16
# Below this a gradient is rounding, and is not scaled up to one.
_LEAST_NORM = 1e-8


class PrivateStep:
    r"""Step on clipped and noised gradients of single channels.

    .. math:: \tilde g = \frac{1}{q n} \left( \sum_i g_i \min\left(1, \frac{C}
        {\|g_i\|}\right) + \mathcal{N}(0, \sigma^2 C^2 I) \right)

    over the channels i of a batch, of which each of the n was in it with chance q,
    independently (:class:`~commgen.federated.privacy.sampling.PoissonRows`). The
    optimizer and its moments, the schedule and the weight decay see nothing else of the
    data. For families whose loss is a mean over channels of what ``call`` and ``_loss``
    make of each; those with a critic have steps of their own (Abadi et al., CCS 2016).

    Parameters
    ----------
    clip
        The bound C; None scales every gradient to norm one, which needs no bound for
        each family and size, and AdamW does not see the difference where all are above
        it (Bu et al., NeurIPS 2023, arXiv:2206.07136).
    """

    def __init__(self, clip: float | None):
        self.clip = None if clip is None else check_positive("clip", clip)
        # Variables, so that nodes which share a model share its graph.
        self._noise = tf.Variable(0.0, trainable=False, name="noise_multiplier")
        self._expected = tf.Variable(1.0, trainable=False, name="expected_batch")
        self._seed = tf.Variable(0, trainable=False, dtype=tf.int64, name="seed")

    def set(self, *, noise: float, expected_batch: float, seed: int) -> None:
        """Become the step of one node.

        Parameters
        ----------
        noise
            Multiplier sigma; 0 clips alone, for a comparison.
        expected_batch
            Channels that a batch has in the mean, q n.
        seed
            Of the noise, with the steps that the optimizer's moments have seen: another
            one in each round, since moments may begin anew.
        """
        self._noise.assign(noise)
        self._expected.assign(check_positive("expected_batch", expected_batch))
        self._seed.assign(seed % 2**62)

    def __call__(self, model: Any, data: Any) -> dict:
        """Apply one step, inside Keras's graph; return the loss before it."""
        variables = model.trainable_variables
        sums, loss = self._clipped_sums(model, data, variables)
        # One word for the node, one for the step and the array.
        step = tf.cast(model.optimizer.iterations, tf.int64) * _MOST_ARRAYS
        gradients = [
            (g + self._draw(tf.stack([self._seed, step + i]), g)) / self._expected
            for i, g in enumerate(sums)
        ]
        model.optimizer.apply(gradients, variables)
        model._loss_tracker.update_state(loss)
        return {"loss": model._loss_tracker.result()}

    def _draw(self, seed, like):
        noise = tf.random.stateless_normal(tf.shape(like), seed)
        return self._noise * (self.clip or 1.0) * noise

    def _weight(self, norm):
        """Return the factor of each channel's gradient; 0 where that is no number."""
        weight = (self.clip or 1.0) / tf.maximum(norm, _LEAST_NORM)
        if self.clip is not None:
            weight = tf.minimum(1.0, weight)
        return tf.where(tf.math.is_finite(norm), weight, 0.0)

    def _clipped_sums(self, model, data, variables):
        """Return the sums of clipped gradients, and the mean loss."""
        n = tf.shape(tf.nest.flatten(data)[0])[0]

        def add(start, loss, sums):
            rows = tf.nest.map_structure(lambda a: a[start : start + _CHUNK], data)
            losses, gradients = per_channel_gradients(model, rows, variables)
            squares = [
                tf.reduce_sum(tf.reshape(g, (tf.shape(g)[0], -1)) ** 2, axis=1)
                for g in gradients
            ]
            norm = tf.sqrt(tf.add_n(squares))
            weight = self._weight(norm)
            sums = [
                s + tf.tensordot(weight, _finite(g), axes=1)
                for s, g in zip(sums, gradients, strict=True)
            ]
            return start + _CHUNK, loss + tf.reduce_sum(losses), sums

        zeros = [tf.zeros(v.shape) for v in variables]
        _, loss, sums = tf.while_loop(
            lambda start, *_: start < n, add, (0, 0.0, zeros), parallel_iterations=1
        )
        return sums, loss / tf.cast(tf.maximum(n, 1), tf.float32)


def _finite(g):
    return tf.where(tf.math.is_finite(g), g, tf.zeros_like(g))


def check_private(model: Any) -> None:
    """Raise ValueError if gradients of single channels do not make up a model's step.

    Those with a critic compare channels with drawn ones, and have steps of their own.
    """
    if type(model).train_step is not NetworkModel.train_step:
        raise ValueError(
            "privacy must be off for families with a critic, whose steps are no sum "
            f"over channels, got {type(model).__name__}."
        )


def secret_seed() -> int:
    """Return a number that only this node knows, from the operating system."""
    return secrets.randbits(62)
