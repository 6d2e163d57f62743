"""A coded OFDM link over any channel, seen by several estimators at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.channel import ApplyOFDMChannel, GenerateOFDMChannel
from sionna.phy.ofdm import ResourceGridMapper

from commgen._checks import check_int
from commgen.measures.decibel import from_db
from commgen.phy.counts import Counts
from commgen.phy.ofdm.antennas import check_antennas
from commgen.phy.ofdm.codec import Receiver, Transmitter, code_of
from commgen.phy.ofdm.draws import check_seeded, random_bits, stream, unit_noise
from commgen.phy.ofdm.front_ends import FrontEnds
from commgen.phy.ofdm.reception import Reception
from commgen.phy.ofdm.spreading import Spreading
from commgen.phy.ofdm.symbols import symbols_of
from commgen.phy.receiver.kinds import as_receiver
from commgen.phy.signal.grid import build_resource_grid

# Number of the channels that devices are measured on, beyond those of all batches.
_NO_BATCH = 2**31 - 1


@dataclass(frozen=True)
class Slots:
    """One batch of slots at the receiver's antennas, before the noise is scaled.

    Parameters
    ----------
    bits : [batch, 1, num_streams, num_codewords, k], uint8
        What was sent.
    h : [batch, 1, num_rx_ant, 1, num_streams, num_ofdm_symbols, fft_size], complex
        The channel, with the gains of impaired devices where there are any.
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
    slot to slot. With ``impairments`` samples pass the devices of both ends, as
    :class:`~commgen.phy.ofdm.front_ends.FrontEnds` says.

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
        self._check_source()
        self._generate = _channel_of(source, self.resource_grid)
        self.layout = link.layout
        symbols = symbols_of(link)
        self._transmit = Transmitter(self.layout, symbols, code_of(link))
        mapper = ResourceGridMapper(self.resource_grid)
        self._map = tf.function(mapper, reduce_retracing=True)
        self._apply = tf.function(ApplyOFDMChannel(), reduce_retracing=True)
        decode = Receiver(self._transmit, jit_compile=jit_compile)
        self._spreading = Spreading(link) if link.is_spread else None
        self._front_ends = self._build_front_ends()
        self._reception = Reception(
            self.resource_grid,
            symbols,
            decode,
            distortion=self._front_ends and self._front_ends.distortion,
            despread=self._spreading and self._spreading.despread,
        )

    @property
    def seed(self) -> int:
        """Seed of the link."""
        return self._seed

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
        bits = self._draw_bits(batch_size, stream(self._seed, batch, 0))
        h = self._draw_channel(batch_size, batch)
        grid = self._grid_of(bits)
        if self._front_ends:
            h, y_clean = self._front_ends.through(grid, h, batch)
        else:
            y_clean = self._apply(grid, h)
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
            Name to :class:`~commgen.phy.receiver.EstimatorReceiver`, estimator
            ``(y, no) -> h_hat, err_var`` alone, or receiver that gives LLRs
            (:func:`~commgen.phy.receiver.gives_llr`). One with ``is_genie`` is given
            the channel in place of ``y``.
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
        receivers = list(estimators.values())
        for j in np.flatnonzero(pending.any(axis=0)):
            no = tf.constant(1 / from_db(snr_db[j]), tf.float32)
            y = self.observe(slots, no)
            for i in np.flatnonzero(pending[:, j]):
                yield int(i), int(j), self.receive(slots, y, receivers[i], no)

    def coded_bits(self, bits: np.ndarray) -> np.ndarray:
        """Return the coded bits [batch, 1, num_streams, num_data_symbols * bits]."""
        return self._transmit.coded_bits(bits)

    def observe(self, slots: Slots, no):
        """Return the received grid ``y`` at noise variance ``no``."""
        return slots.y_clean + tf.cast(tf.sqrt(no), tf.complex64) * slots.noise

    def observed_by(self, receiver, slots: Slots, y):
        """Return what ``receiver`` is given: ``y``, or for a genie the channel."""
        return slots.h if getattr(receiver, "is_genie", False) else y

    def receive(self, slots: Slots, y, receiver: Any, no) -> Counts:
        """Count what ``receiver`` makes of ``y``; any that :meth:`run_batch` takes."""
        receiver = as_receiver(receiver)
        observed = self.observed_by(receiver, slots, y)
        bits, h_hat, err_var = self._reception(receiver, observed, y, no)
        wrong = bits != slots.bits
        wrong = wrong.reshape(len(wrong), -1, self.layout.k)
        powers = self._reception.powers(slots.h, h_hat, err_var)
        return Counts(
            wrong.sum((1, 2)),
            wrong.any(2).sum(1),
            *(p.numpy().astype(np.float64) for p in powers),
        )

    def _draw_bits(self, num_slots, words) -> np.ndarray:
        layout = self.layout
        shape = (num_slots, 1, self.config.num_streams, layout.num_codewords, layout.k)
        return random_bits(shape, words)

    def _draw_channel(self, num_slots, batch) -> Any:
        self._source.set_seed(self._seed, counter=batch)
        h = self._generate(num_slots)
        shape: Any = h.shape
        check_antennas(self.config, shape[1] * shape[2], shape[3] * shape[4])
        return h

    def _grid_of(self, bits) -> tf.Tensor:
        x = self._transmit(bits)
        return self._map(
            tf.constant(self._spreading.spread(x) if self._spreading else x)
        )

    def _build_front_ends(self) -> FrontEnds | None:
        if not self.config.impairments:
            return None
        return FrontEnds(
            self.config,
            np.asarray(self.resource_grid.effective_subcarrier_ind),
            draw_grid=lambda n, words: self._grid_of(self._draw_bits(n, words)),
            draw_channel=lambda n: self._draw_channel(n, _NO_BATCH),
            apply=self._apply,
            seed=self._seed,
        )

    def _check_source(self):
        check_seeded(self._source)
        if hasattr(self._source, "num_rx_ant"):  # else the first batch will tell
            check_antennas(
                self.config, self._source.num_rx_ant, self._source.num_tx_ant
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
