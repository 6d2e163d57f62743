"""From a configuration to the channel source of a link."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen.channels import GeneratedChannel, RecordedChannel, build_channel
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.source_config import (
    GeneratedSource,
    RecordedSource,
    ThreeGPPSource,
)

# SNR means 1 / no only where the channel has unit mean power.
_POWER_RANGE = (0.5, 2.0)


def build_source(config: SimulationConfig, *, seed: int) -> Any:
    """Build the channel source that ``config.channel`` describes.

    Parameters
    ----------
    config
        Simulation whose ``channel`` is built, and whose ``link`` it must fit.
    seed
        Seed of the source.

    Returns
    -------
    ChannelSource
        A Sionna ``ChannelModel`` with ``set_seed(seed, counter)``.

    Raises
    ------
    ValueError
        If the file or model cannot be read or does not fit the link.
    OSError
        If it is not there.
    """
    channel = config.channel
    if isinstance(channel, ThreeGPPSource):
        return build_channel(channel.config, seed=seed)
    if isinstance(channel, RecordedSource):
        return _recorded(channel, config.link, seed)
    return _generated(channel, config.link, seed)


def selected_rows(labels: dict[str, np.ndarray], select: dict[str, Any]) -> np.ndarray:
    """Return the rows whose labels lie in all ranges of ``select``, [num_rows].

    Raises
    ------
    ValueError
        If a label is unknown or not a number, or no row is left.
    """
    rows = None
    for name, (low, high) in select.items():
        if name not in labels:
            raise ValueError(
                f"channel.select.{name}: must be a label of the file, which has "
                f"{', '.join(sorted(labels)) or 'none'}"
            )
        values = labels[name]
        if values.dtype.kind not in "biuf":
            raise ValueError(
                f"channel.select.{name}: must be a label of numbers, got {values.dtype}"
            )
        inside = (values >= low) & (values <= high)
        rows = inside if rows is None else rows & inside
    if rows is None:
        raise ValueError("select must name at least one label, got {}.")
    if not rows.any():
        raise ValueError(f"channel.select: no channel of the file lies in {select}")
    return np.flatnonzero(rows)


def _recorded(channel: RecordedSource, link: Any, seed: int) -> RecordedChannel:
    from commgen.datasets import ChannelFile

    with ChannelFile.open(channel.path) as file:
        file.verify()
        rows = selected_rows(file.labels, channel.select) if channel.select else None
        h, meta = file.read(rows), file.meta
    if meta.domain != "frequency":
        raise ValueError(
            f"channel.path: must be a file in the frequency domain, got {meta.domain}"
        )
    if h.shape[-1] > 1:
        wanted = (link.fft_size, link.subcarrier_spacing_hz)
        found = (h.shape[-1], meta.subcarrier_spacing_hz)
        if wanted != found:
            raise ValueError(
                "link.fft_size, link.subcarrier_spacing_hz: must be those of the "
                f"recordings, {found[0]} and {found[1]} Hz, got {wanted[0]} and "
                f"{wanted[1]} Hz"
            )
    power = float(np.mean(np.abs(h) ** 2, dtype=np.float64))
    if not _POWER_RANGE[0] <= power <= _POWER_RANGE[1]:
        raise ValueError(
            "channel.path: the channels must have a mean power |h|^2 near 1, for SNR "
            f"is 1/no, got {power:.3g}: normalise them when they are imported"
        )
    spacing = meta.subcarrier_spacing_hz or link.subcarrier_spacing_hz
    return RecordedChannel(h, spacing, time_step_s=meta.time_step_s, seed=seed)


def _generated(channel: GeneratedSource, link: Any, seed: int) -> Any:
    from commgen.generative import load_model

    return GeneratedChannel(
        load_model(_folder(channel.model)),
        link.subcarrier_spacing_hz,
        seed=seed,
        layout=channel.layout,
        pool_size=channel.pool_size,
    )


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise FileNotFoundError(f"{path} is not the folder of a saved model.")
    return path
