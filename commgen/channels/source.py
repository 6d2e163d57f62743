"""What every channel source of commgen has in common."""

from abc import abstractmethod
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.channel import ChannelModel

from commgen._checks import check_int, check_positive
from commgen.channels.counter_random import CounterGenerator, seed_words
from commgen.channels.representation import frequency_response

Labels = dict[str, tf.Tensor]


class ChannelSource(ChannelModel):
    """A Sionna channel model whose ``k``-th call depends on its seed and ``k`` only.

    Sionna's global generator neither changes the draws nor is changed by them, and they
    are the same eagerly, in a ``tf.function`` and, up to rounding, under XLA. One seed
    gives one sequence of batches as long as the batch size stays the same.

    Parameters
    ----------
    seed
        Non-negative integer.

    Input
    -----
    batch_size : int
        Channels to draw.
    num_time_steps : int
        Time steps, or OFDM symbols.
    sampling_frequency : float
        Time steps in a second [Hz].

    Output
    ------
    a : [batch_size, 1, num_rx_ant, 1, num_tx_ant, num_paths, num_time_steps], complex64
        Path coefficients.
    tau : [batch_size, 1, 1, num_paths], float32
        Path delays [s].
    """

    def __init__(self, *, seed: int):
        super().__init__()
        # Variables, so that a compiled function follows set_seed and goes on counting.
        words = tf.constant(seed_words(check_int("seed", seed, low=0)), tf.int64)
        self._seed_words = tf.Variable(words, trainable=False)
        self._counter = tf.Variable(tf.constant(0, tf.int64), trainable=False)
        self._labels: Labels = {}

    def set_seed(self, seed: int, counter=0) -> None:
        """Go to call ``counter`` of the sequence that ``seed`` begins.

        Parameters
        ----------
        seed
            Non-negative integer.
        counter
            Calls to skip, a non-negative integer or integer scalar tensor. With the
            index of a batch here, that batch no longer depends on those before it.
        """
        if not tf.is_tensor(counter):
            # An array: of every Python number TensorFlow 2.21 keeps a tensor for ever.
            counter = np.array(check_int("counter", counter, low=0), np.int64)
        self._seed_words.assign(seed_words(check_int("seed", seed, low=0)))
        self._counter.assign(tf.cast(counter, tf.int64))

    def __call__(self, batch_size, num_time_steps, sampling_frequency):
        """Draw a batch; see the class."""
        a, tau, self._labels = self._draw(
            self._next_call(), batch_size, num_time_steps, sampling_frequency
        )
        return a, tau

    @property
    def labels(self) -> dict[str, np.ndarray]:
        """Labels of the channels drawn last, each [batch_size]; empty before.

        Raises
        ------
        ValueError
            If they were drawn inside a ``tf.function``: use :meth:`draw` there.
        """
        if any(tf.is_symbolic_tensor(value) for value in self._labels.values()):
            raise ValueError(
                "labels must be read after an eager call, got a source last called "
                "inside a tf.function; return the labels of draw() from it instead."
            )
        return {name: value.numpy() for name, value in self._labels.items()}

    def draw(self, batch_size, num_time_steps, sampling_frequency):
        """Draw a batch as a call does, and return ``(a, tau, labels)``."""
        a, tau = self(batch_size, num_time_steps, sampling_frequency)
        return a, tau, dict(self._labels)

    def frequency_response(
        self,
        batch_size,
        num_time_steps: int,
        sampling_frequency,
        num_subcarriers: int,
        subcarrier_spacing_hz: float,
    ) -> tf.Tensor:
        """Draw a batch as a call does, as responses on a grid of subcarriers.

        The same numbers as Sionna's ``cir_to_ofdm_channel`` of the call, by a matrix
        product: time and memory are those of the result, not ``num_paths`` times them.

        Returns
        -------
        h : [batch, 1, num_rx_ant, 1, num_tx_ant, time_steps, subcarriers], complex64
            Response at Sionna's subcarrier frequencies.
        """
        check_int("num_subcarriers", num_subcarriers, low=1)
        check_positive("subcarrier_spacing_hz", subcarrier_spacing_hz)
        num_steps = 1 if self.is_static else num_time_steps
        a, tau = self(batch_size, num_steps, sampling_frequency)
        h = frequency_response(a, tau, num_subcarriers, subcarrier_spacing_hz)
        if not self.is_static:
            return h
        return tf.tile(h, [1, 1, 1, 1, 1, num_time_steps, 1])

    @property
    def is_static(self) -> bool:
        """Whether no channel is known to change over the time steps of a call."""
        return False

    def _next_call(self) -> tf.Tensor:
        """Count one call; its number is returned."""
        call = tf.identity(self._counter)
        self._counter.assign_add(1)
        return call

    def _generator(self, call: Any) -> CounterGenerator:
        """Make the generator of one call."""
        return CounterGenerator.from_seed(self._seed_words, call)

    @abstractmethod
    def _draw(
        self, call, batch_size, num_time_steps, sampling_frequency
    ) -> tuple[tf.Tensor, tf.Tensor, Labels]:
        """Draw ``(a, tau, labels)`` of call number ``call``, int64 scalar."""
