"""Losses and gradients of single channels, many at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from commgen.generative._untyped import tf
from commgen.generative.autoregressive.recurrent import RecurrentPredictor


def per_channel_gradients(model: Any, data: Any, variables) -> tuple[Any, list]:
    """Return the loss of each channel, and its gradients, [batch, *shape] each."""

    def one(example):
        x, y = tf.nest.map_structure(lambda a: a[None], example)
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        found = tape.gradient(loss, variables, unconnected_gradients="zero")
        return loss, [tf.convert_to_tensor(g) for g in found]

    like = (tf.float32, [tf.float32] * len(variables))
    return _map(model, one, data, like)


def per_channel_losses(model: Any, data: Any) -> Any:
    """Return the loss of each channel, [batch]; in a graph."""

    def one(example):
        x, y = tf.nest.map_structure(lambda a: a[None], example)
        return model.compute_loss(x, y, model(x, training=False))

    return _map(model, one, data, tf.float32)


def _map(model, one: Callable, data, like):
    if any(isinstance(a, RecurrentPredictor) for a in model._flatten_layers()):
        # Its loop over time steps is none that TensorFlow can vectorise.
        return tf.map_fn(one, data, fn_output_signature=like)
    with _without_advice():
        return tf.vectorized_map(one, data)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Leave out TensorFlow's advice to itself where it has no batched operation."""
    logger = tf.get_logger()

    def wanted(record):
        return "uses a while_loop" not in record.getMessage()

    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)
