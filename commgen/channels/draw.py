"""Draw channels of a configuration into one array, with labels and metadata."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_int
from commgen.channels.build import build_channel
from commgen.channels.config import ChannelConfig, RayleighConfig, TdlConfig
from commgen.channels.metadata import channel_meta
from commgen.channels.ray_traced_config import RayTracedConfig
from commgen.channels.spatial_model_config import SpatialConfig

# Elements of the largest array inside Sionna in one chunk, 20 rays for 23 clusters;
# 2^23 of them are 64 MB.
_ELEMENTS_PER_CHUNK = 2**23
_RAYS = 460
_MAX_CHUNK = 250
# Channels of a call of the ray tracer, which takes some seconds to start.
_TRACED_CHUNK = 1024
# For UMi-64, XLA takes 14 s to trace and compile, and then 0.7 ms a channel on a CPU;
# eager TensorFlow takes 4.3 ms at once. A TDL gains from a graph, and loses under XLA;
# the spatial model's time goes into factorisations, and it is not compiled either.
_COMPILE_FROM = 4000


@dataclass(frozen=True)
class ChannelDraw:
    """Channels drawn together.

    Parameters
    ----------
    h : [samples, rx_antennas, tx_antennas, time_steps, subcarriers], complex64
        Channels on the grid of the configuration.
    labels
        Name to array, [num_samples].
    meta
        ``commgen.datasets.ChannelMeta``, to be written with them.
    covariance : [num_samples, num_rx_ant], complex64, or None
        First column of each channel's own covariance, where it was asked for.
    covariance_tx : [num_samples, num_tx_ant], complex64, or None
        The same at the transmitter, of the spatial model alone: a channel's whole
        covariance is the Kronecker product of both.
    """

    h: np.ndarray
    labels: dict[str, np.ndarray]
    meta: Any
    covariance: np.ndarray | None = None
    covariance_tx: np.ndarray | None = None


def draw_channels(
    config: ChannelConfig,
    num_samples: int,
    *,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    return_covariance: bool = False,
) -> ChannelDraw:
    """Draw ``num_samples`` channels on the grid of ``config``.

    Channel ``i`` depends on the configuration, the seed and ``i``, not on how many are
    drawn (up to rounding: from 4,000 channels on, a compiled graph computes them).

    Parameters
    ----------
    config
        A channel configuration; its ``grid`` says which times and subcarriers.
    num_samples
        At least 1. All are held in memory; see :func:`iterate_channels` for more.
    seed
        Non-negative integer.
    progress
        Called with (channels drawn, ``num_samples``) after every chunk.
    return_covariance
        Give also each channel's own covariance, where it is known in closed form.

    Returns
    -------
    ChannelDraw
    """
    parts = []
    num_drawn = 0
    for part in iterate_channels(
        config, num_samples, seed=seed, return_covariance=return_covariance
    ):
        parts.append(part)
        num_drawn += len(part.h)
        if progress is not None:
            progress(num_drawn, num_samples)
    return ChannelDraw(
        h=np.concatenate([part.h for part in parts]),
        labels={
            name: np.concatenate([part.labels[name] for part in parts])
            for name in parts[0].labels
        },
        meta=parts[0].meta,
        covariance=_joined([part.covariance for part in parts]),
        covariance_tx=_joined([part.covariance_tx for part in parts]),
    )


def iterate_channels(
    config: ChannelConfig,
    num_samples: int,
    *,
    seed: int,
    return_covariance: bool = False,
) -> Iterator[ChannelDraw]:
    """Yield what :func:`draw_channels` returns chunk by chunk, as for a large file."""
    check_int("num_samples", num_samples, low=1)
    source = build_channel(config, seed=seed, with_covariance=return_covariance)
    meta = channel_meta(config)
    grid, chunk = config.grid, chunk_size(config)
    sampling_frequency = 1 / (grid.time_step_s or 1.0)

    def draw_chunk():
        h = source.frequency_response(
            chunk,
            grid.num_time_steps,
            sampling_frequency,
            grid.num_subcarriers,
            grid.subcarrier_spacing_hz,
        )
        return h[:, 0, :, 0], dict(source._labels)

    # Traced in another process, by no graph; steps do not depend on those beside them.
    traced = isinstance(config, RayTracedConfig)
    chunk = min(chunk, num_samples) if traced else chunk
    if num_samples >= _COMPILE_FROM and not traced:
        xla = not isinstance(config, TdlConfig | RayleighConfig | SpatialConfig)
        draw_chunk = tf.function(draw_chunk, autograph=False, jit_compile=xla)
    for start in range(0, num_samples, chunk):
        h, labels = draw_chunk()
        num = min(chunk, num_samples - start)
        arrays = {name: value.numpy()[:num] for name, value in labels.items()}
        covariance = arrays.pop("covariance", None)
        covariance_tx = arrays.pop("covariance_tx", None)
        yield ChannelDraw(h.numpy()[:num], arrays, meta, covariance, covariance_tx)


def chunk_size(config: ChannelConfig) -> int:
    """Channels computed at once: a function of the configuration only."""
    if isinstance(config, RayTracedConfig):
        return _TRACED_CHUNK
    if isinstance(config, SpatialConfig):
        # Its largest arrays are the covariances, complex128.
        elements = 4 * max(config.num_rx_ant, config.num_tx_ant) ** 2
        return int(np.clip(_ELEMENTS_PER_CHUNK // elements, 1, _MAX_CHUNK))
    elements = _RAYS * config.num_rx_ant * config.num_tx_ant
    moving = getattr(config, "speed_max_m_s", 0.0) > 0
    if moving or isinstance(config, TdlConfig):
        elements *= config.grid.num_time_steps
    return int(np.clip(_ELEMENTS_PER_CHUNK // elements, 1, _MAX_CHUNK))


def _joined(parts):
    """Concatenate arrays; None where there are none."""
    return None if any(part is None for part in parts) else np.concatenate(parts)
