"""What is sent and what arrives, in all transmissions of a batch of HARQ processes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.phy.nr.numerology import NUM_OFDM_SYMBOLS
from commgen.phy.ofdm.draws import random_bits, stream, unit_noise


@dataclass(frozen=True)
class Transmission:
    """A transmission at the receiver's antennas, before the noise is scaled.

    Parameters
    ----------
    h : [batch, 1, num_rx_ant, 1, num_layers, num_ofdm_symbols, num_subcarriers], complex
        The channel.
    y_clean : [batch, 1, num_rx_ant, num_ofdm_symbols, num_subcarriers], complex
        Received without noise.
    noise : as ``y_clean``, complex
        Noise of unit variance.
    """  # noqa: E501

    h: np.ndarray
    y_clean: np.ndarray
    noise: np.ndarray

    def take(self, index: np.ndarray) -> "Transmission":
        """Return some processes; without a copy where they are all, in order."""
        if np.array_equal(index, np.arange(len(self.h))):
            return self
        return Transmission(self.h[index], self.y_clean[index], self.noise[index])


class HarqSlots:
    """Bits, channels and noise of one batch; transmissions are made when asked for.

    Parameters
    ----------
    config : PuschConfig
        The PUSCH.
    source : ChannelSource
        Channel.
    transport_block : TransportBlock
        Encoder.
    transmit : PuschTransmitter
        Coded bits to grid.
    seed, batch
        They decide everything.
    batch_size
        HARQ processes.
    """

    def __init__(
        self,
        config: Any,
        source: Any,
        transport_block: Any,
        transmit: Any,
        *,
        seed: int,
        batch: int,
        batch_size: int,
    ):
        self.batch_size = check_int("batch_size", batch_size, low=1)
        check_int("batch", batch, low=0)
        self._config, self._transmit = config, transmit
        self._transport_block = transport_block
        self._key = (seed, batch)
        shape = (batch_size, config.transport_block_size)
        self.bits = random_bits(shape, stream(*self._key, 0))
        source.set_seed(seed, counter=batch)
        self._channel = _channel(source, config, batch_size)
        self._made: dict[int, Transmission] = {}

    def transmission(self, n: int) -> Transmission:
        """Return transmission ``n`` of all processes, counted from 0."""
        if n not in self._made:
            self._made[n] = self._make(n)
        return self._made[n]

    def _make(self, n: int) -> Transmission:
        config = self._config
        rv = config.harq.rv_sequence[n]
        x = self._transmit(self._transport_block.encode(self.bits, rv))
        h = self._channel(n)
        shape = (config.num_rx_ant, config.num_layers)
        if (h.shape[2], h.shape[4]) != shape:
            raise ValueError(
                f"source must have {shape[0]} receive and {shape[1]} transmit antennas "
                f"(num_rx_ant, num_layers), got {h.shape[2]} and {h.shape[4]}."
            )
        y_clean = h[:, :, :, 0, 0] * x[:, None, None, 0]
        for layer in range(1, config.num_layers):
            y_clean += h[:, :, :, 0, layer] * x[:, None, None, layer]
        noise = unit_noise(y_clean.shape, stream(*self._key, 1 + n)).numpy()
        return Transmission(h, y_clean, noise)


def _channel(source, config, batch_size):
    """Return a function of the transmission's number that looks at the channel."""
    grid = (
        NUM_OFDM_SYMBOLS,
        config.slot_duration_s / NUM_OFDM_SYMBOLS,
        config.num_effective_subcarriers,
        config.subcarrier_spacing_hz,
    )
    if hasattr(source, "start"):
        process = source.start(batch_size)
        round_trip_s = config.harq.round_trip_slots * config.slot_duration_s
        return lambda n: process.frequency_response(n * round_trip_s, *grid)
    num_symbols, duration_s, *band = grid
    return lambda n: source.frequency_response(
        batch_size, num_symbols, 1 / duration_s, *band
    ).numpy()
