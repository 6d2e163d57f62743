"""A coded OFDM link over any channel, seen by several estimators at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.channel import ApplyOFDMChannel, GenerateOFDMChannel
from sionna.phy.ofdm import ResourceGridMapper

from commgen._checks import check_int
from commgen.frame.codewords import CodewordLayout
from commgen.measures.decibel import from_db
from commgen.phy.counts import Counts
from commgen.phy.ofdm.codec import Receiver, Transmitter
from commgen.phy.ofdm.draws import check_seeded, random_bits, stream, unit_noise
from commgen.phy.receiver.options import PLAIN, ReceiverOptions, fill_up, options_of
from commgen.phy.receiver.refinement import Refinement
from commgen.phy.signal.equalizer import FewStreamsLMMSEEqualizer
from commgen.phy.signal.grid import EffectiveSubcarriers, build_resource_grid


@dataclass(frozen=True)
class Slots:
    """One batch of slots at the receiver's antennas, before the noise is scaled.

    Parameters
    ----------
    bits : [batch, 1, num_streams, num_codewords, k], uint8
        What was sent.
    h : [batch, 1, num_rx_ant, 1, num_streams, num_ofdm_symbols, fft_size], complex
        The channel.
    y_clean : [batch, 1, num_rx_ant, num_ofdm_symbols, fft_size], complex
        Received without noise.
    noise : as ``y_clean``, complex
        Noise of unit variance.
    """

    bits: np.ndarray
    h: tf.Tensor
    y_clean: tf.Tensor
    noise: tf.Tensor


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
        Compile the demapper of up to 64-QAM with XLA, which halves its time; nothing
        else gets much faster by it. The code is outside the graph anyway.

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
        self._transmit = Transmitter(self.layout, link.num_bits_per_symbol)
        mapper = ResourceGridMapper(self.resource_grid)
        self._map = tf.function(mapper, reduce_retracing=True)
        self._apply = tf.function(ApplyOFDMChannel(), reduce_retracing=True)
        self._equalize = tf.function(FewStreamsLMMSEEqualizer(self.resource_grid))
        self._decode = Receiver(
            self._transmit, link.num_decoder_iterations, jit_compile=jit_compile
        )
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
        bits = random_bits(shape, stream(self._seed, batch, 0))
        self._source.set_seed(self._seed, counter=batch)
        h = self._generate(batch_size)
        shape: Any = h.shape
        self._check_antennas(shape[1] * shape[2], shape[3] * shape[4])
        x = tf.constant(self._transmit(bits))
        y_clean = self._apply(self._map(x), h)
        noise = unit_noise(y_clean.shape, stream(self._seed, batch, 1))
        return Slots(bits, h, y_clean, noise)

    def run_batch(
        self,
        batch: int,
        batch_size: int,
        snr_db: np.ndarray,
        estimators: dict[str, Any],
        pending: np.ndarray,
    ) -> Iterator[tuple[int, int, Counts]]:
        """Simulate one batch for all that is pending.

        Parameters
        ----------
        batch, batch_size
            Number of the batch and its slots.
        snr_db : [num_snr], float
            SNRs.
        estimators
            Name to estimator ``(y, no) -> h_hat, err_var``. One with ``is_genie`` is
            given the channel in place of ``y``; one with ``receiver`` is used as these
            :class:`~commgen.phy.receiver.ReceiverOptions` say.
        pending : [num_estimators, num_snr], bool
            What to run.

        Yields
        ------
        i, j : int
            Estimator and SNR.
        counts : Counts
            What came of it.
        """
        slots = self.slots(batch, batch_size)
        blocks = list(estimators.values())
        for j in np.flatnonzero(pending.any(axis=0)):
            no = tf.constant(1 / from_db(snr_db[j]), tf.float32)
            y = self.observe(slots, no)
            for i in np.flatnonzero(pending[:, j]):
                observed = self.observed_by(blocks[i], slots, y)
                h_hat, err_var = blocks[i](observed, no)
                options = options_of(blocks[i])
                counts = self.receive(slots, y, h_hat, err_var, no, options)
                yield int(i), int(j), counts

    def coded_bits(self, bits: np.ndarray) -> np.ndarray:
        """Return the coded bits [batch, 1, num_streams, num_data_symbols * bits]."""
        return self._transmit.coded_bits(bits)

    def observe(self, slots: Slots, no):
        """Return the received grid ``y`` at noise variance ``no``."""
        return slots.y_clean + tf.cast(tf.sqrt(no), tf.complex64) * slots.noise

    def observed_by(self, estimator, slots: Slots, y):
        """Return what ``estimator`` is given: ``y``, or for a genie the channel."""
        return slots.h if getattr(estimator, "is_genie", False) else y

    def receive(
        self,
        slots: Slots,
        y,
        h_hat,
        err_var,
        no,
        options: ReceiverOptions = PLAIN,
    ) -> Counts:
        """Equalise, decode and count with the estimate given."""
        if options.gives_llr:
            err_var, llr = err_var
            bits = self._decode.decode_llr(llr)
        elif options.iterations:
            bits, h_hat, err_var = self._iterate(y, h_hat, err_var, no, options)
        else:
            told = options.err_var(err_var)
            bits = self._decode(*self._equalize(y, h_hat, told, no))
        wrong = bits != slots.bits
        wrong = wrong.reshape(len(wrong), -1, self.layout.k)
        powers = self._powers(slots.h, h_hat, err_var)
        return Counts(
            wrong.sum((1, 2)),
            wrong.any(2).sum(1),
            *(p.numpy().astype(np.float64) for p in powers),
        )

    def _iterate(self, y, h_hat, err_var, no, options):
        """Return bits and estimate after as many rounds as each slot needs."""
        num_bits = self.config.num_bits_per_symbol
        refine = Refinement(self.resource_grid, num_bits, options.refine)
        y, h_hat = y.numpy(), h_hat.numpy()
        err_var = np.broadcast_to(err_var.numpy(), h_hat.shape).copy()
        told = options.err_var(tf.constant(err_var))
        found = self._decode.decode_soft(*self._equalize(y, h_hat, told, no))
        for _ in range(options.iterations):
            failed = np.flatnonzero(~found.parity_ok.all(axis=(1, 2, 3)))
            if not len(failed):
                break
            llr = self._decode.stream_llr(found.llr[failed])
            h_hat[failed], err_var[failed] = refine(
                y[failed], float(no), llr, h_hat[failed], err_var[failed]
            )
            rows = fill_up(failed, len(y))
            told = options.err_var(tf.constant(err_var[rows]))
            equalized = self._equalize(y[rows], h_hat[rows], told, no)
            again = self._decode.decode_soft(*equalized, num=len(failed))
            # What is decided stays so.
            open_ = ~found.parity_ok[failed]
            for kept, new in zip(_parts(found), _parts(again), strict=True):
                kept[failed] = np.where(_like(open_, new), new, kept[failed])
        return found.bits, h_hat, err_var

    def _check_source(self):
        check_seeded(self._source)
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


def _parts(decoded):
    return decoded.bits, decoded.llr, decoded.parity_ok


def _like(flags, values):
    """Append axes of length one to ``flags`` up to the rank of ``values``."""
    return flags.reshape(flags.shape + (1,) * (values.ndim - flags.ndim))


class _Powers:
    """Error, channel and promised error power of each slot, [batch] each."""

    def __init__(self, resource_grid):
        self._effective = EffectiveSubcarriers(resource_grid)

    def __call__(self, h, h_hat, err_var):
        h = self._effective(h)
        # What is broadcast is multiplied, not written out.
        shape = tf.cast(tf.shape(h)[1:], err_var.dtype)
        present = tf.cast(tf.shape(err_var)[1:], err_var.dtype)
        copies = tf.reduce_prod(shape / present)
        promised = copies * tf.reduce_sum(err_var, list(range(1, 7)))
        promised = tf.broadcast_to(promised, tf.shape(h)[:1])
        return _power(h_hat - h), _power(h), promised


def _power(x):
    """Sum |x|^2 over all axes but the first."""
    pairs = tf.reshape(tf.bitcast(x, tf.float32), [tf.shape(x)[0], -1])
    return tf.reduce_sum(pairs**2, axis=1)


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
