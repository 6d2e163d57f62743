"""What a drawn channel costs, beside Sionna's own generator of UMi channels."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._progress import progress_bar
from commgen.channels import UMI64, build_channel

_BATCH = 256
#: Rows of Sionna's own generator.
SIONNA, SIONNA_XLA = "Sionna UMi", "Sionna UMi, XLA"


def sampling_cost(
    models: Mapping[str, Any], *, rounds: int = 5, num_channels: int = 1024
) -> dict[str, float]:
    """Measure CPU time for each channel drawn, Sionna's own UMi generator included.

    Every round draws from each source in turn, and the median over the rounds counts:
    all sources meet the same disturbances. Compilation is left out.

    Parameters
    ----------
    models
        Name to model of UMi-64.
    rounds, num_channels
        How often, and how many at a time.

    Returns
    -------
    dict
        Name to seconds of CPU time for one channel, with two rows for Sionna: its
        graph, and the same compiled by XLA.
    """
    sources: dict[str, Callable[[int], Any]] = {
        SIONNA: _sionna(jit_compile=False),
        SIONNA_XLA: _sionna(jit_compile=True),
    }
    sources |= {name: _drawer(model) for name, model in models.items()}
    seconds: dict[str, list[float]] = {name: [] for name in sources}
    total = (rounds + 1) * len(sources)
    with progress_bar("timing samplers", total, unit="draws") as advance:
        for k in range(rounds + 1):
            for name, draw in sources.items():
                started = time.process_time()
                draw(num_channels)
                if k > 0:  # the first draw compiles
                    spent = time.process_time() - started
                    seconds[name].append(spent / num_channels)
                advance(1, note=name)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def _drawer(model: Any) -> Callable[[int], Any]:
    return lambda n: model.sample(n, seed=n)


def _sionna(*, jit_compile: bool) -> Callable[[int], None]:
    source = build_channel(UMI64, seed=1)

    def draw_batch():
        return source.frequency_response(_BATCH, 1, 1.0, 1, 30e3)

    compiled: Any = tf.function(draw_batch, autograph=False, jit_compile=jit_compile)

    def draw(n: int) -> None:
        for _ in range(n // _BATCH):
            compiled().numpy()

    return draw
