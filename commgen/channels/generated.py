"""Channels that a generative model draws, served as a Sionna channel model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_int, check_positive
from commgen.channels.recorded import RecordedChannel, _check_channels, _to_tensors
from commgen.channels.representation import Normaliser, response_to_taps
from commgen.channels.source import ChannelSource
from commgen.datasets.events import AXES, check_layout, to_array


class GeneratedChannel(RecordedChannel):
    """Serve what a generative model draws as Sionna's own models serve channels.

    Samplers are slow and live outside TensorFlow graphs, so that by default the model
    draws a pool of ``pool_size`` channels at the first call, and calls are served from
    it in a new order every epoch: no more than ``pool_size`` channels are ever
    different. With ``pool_size=None`` every call draws new ones, in eager mode only.

    Parameters
    ----------
    model
        Has ``event_shape`` and ``sample(n, seed=...)`` that returns
        [n, *event_shape], complex: any model of :mod:`commgen.generative`.
    subcarrier_spacing_hz
        Between two subcarriers.
    layout
        What the axes of an event are, in order, each one of "rx", "tx", "time",
        "subcarrier": ``("rx",)`` for an array, ``("rx", "tx", "subcarrier")`` for a
        MIMO response. Axes left out have one entry.
    normaliser
        What the training channels went through; it is undone on what is drawn.
    pool_size
        Channels in the pool, or ``None``.
    time_step_s, replace
        As for :class:`RecordedChannel`, which also says how taps are made.
    seed
        Draws the pool, and then the order; ``set_seed`` changes the order only.

    Raises
    ------
    ValueError
        If ``layout`` does not fit the model; on a call, if the model returns another
        shape or numbers that are not finite, or if ``pool_size`` is ``None`` inside a
        ``tf.function``.
    """

    def __init__(
        self,
        model: Any,
        subcarrier_spacing_hz: float,
        *,
        layout: Sequence[str],
        normaliser: Normaliser | None = None,
        pool_size: int | None = 1000,
        time_step_s: float | None = None,
        replace: bool = False,
        seed: int,
    ):
        event_shape = tuple(int(size) for size in model.event_shape)
        layout = check_layout(layout, event_shape)
        spacing_hz = check_positive("subcarrier_spacing_hz", subcarrier_spacing_hz)
        if pool_size is not None:
            check_int("pool_size", pool_size, low=1)
        if time_step_s is not None:
            check_positive("time_step_s", time_step_s)
        ChannelSource.__init__(self, seed=seed)
        self._model = model
        self._layout = layout
        self._normaliser = normaliser or Normaliser()
        self._pool_size = pool_size
        self._pool_seed = seed
        self._subcarrier_spacing_hz = spacing_hz
        self._time_step_s = time_step_s
        self._replace = replace
        sizes = dict(zip(layout, event_shape, strict=True))
        self._shape = (pool_size or 0, *(sizes.get(axis, 1) for axis in AXES))
        self._tensors = None

    def _channels(self):
        if self._pool_size is None:
            raise ValueError(
                "pool_size must be given to take rows of a pool, got None: every call "
                "draws new channels."
            )
        if self._tensors is None:
            with tf.init_scope():
                self._tensors = _to_tensors(
                    self._sample(self._pool_size, self._pool_seed)
                )
        return self._tensors

    def frequency_response(
        self,
        batch_size,
        num_time_steps,
        sampling_frequency,
        num_subcarriers,
        subcarrier_spacing_hz,
    ):
        """Draw a batch as responses; see :class:`RecordedChannel`."""
        family = ChannelSource if self._pool_size is None else RecordedChannel
        return family.frequency_response(
            self,
            batch_size,
            num_time_steps,
            sampling_frequency,
            num_subcarriers,
            subcarrier_spacing_hz,
        )

    def _draw(self, call, batch_size, num_time_steps, sampling_frequency):
        if self._pool_size is not None:
            return super()._draw(call, batch_size, num_time_steps, sampling_frequency)
        if not tf.executing_eagerly():
            raise ValueError(
                "pool_size must be given inside a tf.function, where the model cannot "
                "draw new channels at every call, got None."
            )
        self._check_rate(num_time_steps, sampling_frequency)
        words = self._generator(call).words(1)
        seed = int(words[0][0]) % 2**31
        h = self._sample(int(batch_size), seed)
        a, tau = self._to_paths(tf.constant(response_to_taps(h)), num_time_steps)
        return a, tau, {}

    def _sample(self, num: int, seed: int) -> np.ndarray:
        """Let the model draw ``num`` channel arrays, in their own power."""
        events = np.asarray(self._model.sample(num, seed=seed))
        expected = (num, *(int(size) for size in self._model.event_shape))
        if events.shape != expected:
            raise ValueError(
                f"model.sample must return {list(expected)}, got {list(events.shape)}."
            )
        h = to_array(events, self._layout)
        return self._normaliser.undo(_check_channels("channels of the model", h))
