"""What a simulation takes of memory, at least."""

from typing import Any

from commgen._memory import check_fits
from commgen.phy.ofdm.sampled import oversampling_of
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.source_config import GeneratedSource

_ENTRY_BYTES = 8  # complex64
_SAMPLE_BYTES = 3 * 16  # complex128: before, behind and inside an impairment
# A batch has its channels, and as many received symbols, sent symbols or estimates.
_TENSORS = 2


def check_memory(config: SimulationConfig) -> None:
    """Raise ValueError for what cannot fit into memory, whatever else there is.

    Raises
    ------
    ValueError
        It names the key and the size.
    """
    link: Any = config.link
    slot = _TENSORS * _ENTRY_BYTES * link.num_channel_entries
    _check_samples(link)
    check_fits("sweep.batch_size", (config.sweep.batch_size or 1) * slot)
    for i, entry in enumerate(config.estimators):
        num = getattr(entry, "num_train_channels", None) or 0
        width = link.fft_size if getattr(entry, "event", "array") == "grid" else 1
        size = num * _ENTRY_BYTES * link.num_rx_ant * width
        check_fits(f"estimators.{i}.num_train_channels", size)
    if isinstance(config.channel, GeneratedSource):
        size = config.channel.pool_size * _ENTRY_BYTES * link.num_rx_ant
        check_fits("channel.pool_size", size)


def _check_samples(link: Any) -> None:
    """Check the samples of one slot, which are worked on together."""
    if getattr(link, "impairments", None) is None:
        return
    length = link.fft_size + link.cyclic_prefix_length
    antennas = max(link.num_streams, link.num_rx_ant)
    samples = oversampling_of(link) * length * link.num_ofdm_symbols * antennas
    check_fits("link.impairments", _SAMPLE_BYTES * samples)
