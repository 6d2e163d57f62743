"""A coded OFDM link over any channel, seen by several estimators at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.channel import ApplyOFDMChannel, GenerateOFDMChannel
from sionna.phy.ofdm import RemoveNulledSubcarriers, ResourceGridMapper

from commgen._checks import check_int
from commgen.phy.codec import CodewordLayout, Receiver, Transmitter
from commgen.phy.equalizer import FewStreamsLMMSEEqualizer
from commgen.phy.estimation import PerfectCSI
from commgen.phy.grid import build_resource_grid


@dataclass(frozen=True)
class Slots:
    """One batch of slots at the receiver's antennas, before the noise is scaled.

    Parameters
    ----------
    bits : [batch, 1, num_streams, num_codewords, k], float
        What was sent.
    h : [batch, 1, num_rx_ant, 1, num_streams, num_ofdm_symbols, fft_size], complex
        The channel.
    y_clean : [batch, 1, num_rx_ant, num_ofdm_symbols, fft_size], complex
        Received without noise.
    noise : as ``y_clean``, complex
        Noise of unit variance.
    """

    bits: tf.Tensor
    h: tf.Tensor
    y_clean: tf.Tensor
    noise: tf.Tensor


@dataclass(frozen=True)
class Counts:
    """What one estimator made of one batch, per slot, [batch] each.

    Parameters
    ----------
    bit_errors, block_errors
        Wrong information bits and codewords.
    error_power, channel_power
        Sums of |h_hat - h|^2 and of |h|^2 over the slot.
    predicted_power
        Sum of ``err_var``, what the estimator promised for ``error_power``.
    """

    bit_errors: np.ndarray
    block_errors: np.ndarray
    error_power: np.ndarray
    channel_power: np.ndarray
    predicted_power: np.ndarray


class Link:
    """Source, LDPC, QAM, grid, channel; then estimator, equaliser, decoder, counts.

    Everything random in batch ``b`` is a function of ``(seed, b)``: bits and noise
    through stateless generators, the channel through ``source.set_seed(seed, b)``. All
    SNRs and all estimators see the same bits, channels and noise, so that their
    differences are theirs (common random numbers). The channel is not normalised from
    slot to slot.

    Parameters
    ----------
    link : LinkConfig
        The slot.
    source : ChannelModel
        Channel source of :mod:`commgen.channels`, which also has
        ``set_seed(seed, counter)``.
    seed
        Seed of the link.
    jit_compile
        Compile encoder and decoder with XLA: several seconds at the first batch, then
        two to four times as fast. Estimators and equaliser would get slower.

    Raises
    ------
    ValueError
        If the source does not have the antennas of ``link``; for sources that do not
        tell, at the first batch.
    """

    def __init__(self, link: Any, source: Any, *, seed: int, jit_compile: bool = True):
        self.config = link
        self.resource_grid = build_resource_grid(link)
        self._seed = check_int("seed", seed, low=0)
        self._source = source
        self._generate = _channel_of(source, self.resource_grid)
        num_data = int(self.resource_grid.num_data_symbols)
        self.layout = CodewordLayout.of(
            num_data, link.num_bits_per_symbol, link.coderate
        )
        transmitter = Transmitter(self.layout, link.num_bits_per_symbol)
        mapper = ResourceGridMapper(self.resource_grid)
        self._transmit = tf.function(transmitter, jit_compile=jit_compile)
        self._map = tf.function(mapper, reduce_retracing=True)
        self._apply = tf.function(ApplyOFDMChannel(), reduce_retracing=True)
        self._equalize = tf.function(FewStreamsLMMSEEqualizer(self.resource_grid))
        receiver = Receiver(
            transmitter, link.num_bits_per_symbol, link.num_decoder_iterations
        )
        self._decode = tf.function(receiver, jit_compile=jit_compile)
        self._powers = tf.function(_Powers(self.resource_grid))
        self._check_source()

    @property
    def num_blocks_per_slot(self) -> int:
        """Codewords of one slot, all streams together."""
        return self.config.num_streams * self.layout.num_codewords

    @property
    def num_bits_per_slot(self) -> int:
        """Information bits of one slot, all streams together."""
        return self.num_blocks_per_slot * self.layout.k

    def slots(self, batch: int, batch_size: int) -> Slots:
        """Return batch number ``batch`` of ``batch_size`` slots."""
        link, layout = self.config, self.layout
        shape = (batch_size, 1, link.num_streams, layout.num_codewords, layout.k)
        bits = tf.random.stateless_uniform(
            shape, self._stream(batch, 0), maxval=2, dtype=tf.int32, alg="philox"
        )
        bits = tf.cast(bits, tf.float32)
        self._source.set_seed(self._seed, counter=batch)
        h = self._generate(batch_size)
        shape: Any = h.shape
        self._check_antennas(shape[1] * shape[2], shape[3] * shape[4])
        y_clean = self._apply(self._map(self._transmit(bits)), h)
        noise = tf.random.stateless_normal(
            (2, *y_clean.shape),
            self._stream(batch, 1),
            stddev=np.sqrt(0.5),
            alg="philox",
        )
        return Slots(bits, h, y_clean, tf.complex(noise[0], noise[1]))

    def observe(self, slots: Slots, no):
        """Return the received grid ``y`` at noise variance ``no``."""
        return slots.y_clean + tf.cast(tf.sqrt(no), tf.complex64) * slots.noise

    def observed_by(self, estimator, slots: Slots, y):
        """Return what ``estimator`` is given: ``y``, or for a genie the channel."""
        return slots.h if isinstance(estimator, PerfectCSI) else y

    def receive(self, slots: Slots, y, h_hat, err_var, no) -> Counts:
        """Equalise, decode and count with the estimate given."""
        x_hat, no_eff = self._equalize(y, h_hat, err_var, no)
        wrong = self._decode(x_hat, no_eff).numpy() != slots.bits.numpy()
        wrong = wrong.reshape(len(wrong), -1, self.layout.k)
        powers = self._powers(slots.h, h_hat, err_var)
        return Counts(
            wrong.sum((1, 2)),
            wrong.any(2).sum(1),
            *(p.numpy().astype(np.float64) for p in powers),
        )

    def _stream(self, batch: int, purpose: int):
        """Two 32-bit words for the stateless generators, from (seed, batch)."""
        words = np.random.SeedSequence([self._seed, batch, purpose]).generate_state(2)
        return tf.constant(words.view(np.int32))

    def _check_source(self):
        if not hasattr(self._source, "set_seed"):
            raise TypeError(
                "source must have set_seed(seed, counter), as the channels of "
                f"commgen.channels have, got {type(self._source)}."
            )
        if hasattr(self._source, "num_rx_ant"):  # else the first batch will tell
            self._check_antennas(self._source.num_rx_ant, self._source.num_tx_ant)

    def _check_antennas(self, num_rx_ant, num_tx_ant):
        link = self.config
        if num_rx_ant != link.num_rx_ant:
            raise ValueError(
                f"link.num_rx_ant must equal the {num_rx_ant} receive antennas of the "
                f"channel, got {link.num_rx_ant}."
            )
        if num_tx_ant != link.num_streams:
            raise ValueError(
                f"link.num_streams must equal the {num_tx_ant} transmit antennas of "
                f"the channel, got {link.num_streams}."
            )


class _Powers:
    """Error, channel and promised error power of each slot, [batch] each."""

    def __init__(self, resource_grid):
        self._remove_nulled = RemoveNulledSubcarriers(resource_grid)

    def __call__(self, h, h_hat, err_var):
        h = self._remove_nulled(h)
        err_var = tf.broadcast_to(err_var, tf.shape(h))
        axes = list(range(1, 7))
        return (
            tf.reduce_sum(tf.abs(h_hat - h) ** 2, axes),
            tf.reduce_sum(tf.abs(h) ** 2, axes),
            tf.reduce_sum(err_var, axes),
        )


def _channel_of(source, resource_grid):
    """Return a function of the batch size that draws responses on the grid."""
    if not hasattr(source, "frequency_response"):  # any other Sionna channel model
        return GenerateOFDMChannel(source, resource_grid)
    grid = resource_grid

    @tf.function(autograph=False)
    def generate(batch_size):
        return source.frequency_response(
            batch_size,
            grid.num_ofdm_symbols,
            1 / grid.ofdm_symbol_duration,
            grid.fft_size,
            grid.subcarrier_spacing,
        )

    return generate
