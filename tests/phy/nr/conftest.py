"""PUSCH configurations and links that the tests of this room share."""

import numpy as np
import pytest
import tensorflow as tf

from commgen.channels import RecordedChannel, TdlConfig, build_channel
from commgen.phy.estimation import LSEstimator, PerfectCSI
from commgen.phy.nr import PuschConfig, PuschLink


def config_of(**values) -> PuschConfig:
    """A small PUSCH: two resource blocks, QPSK 449/1024, two receive antennas."""
    small = {
        "num_prb": 2,
        "subcarrier_spacing_hz": 30e3,
        "num_bits_per_symbol": 2,
        "coderate": 449 / 1024,
        "num_rx_ant": 2,
    }
    if "reference_channel" in values:
        small = {"num_rx_ant": 2}
    return PuschConfig.model_validate({**small, **values})


def tdl_link(config, *, seed=1, jit_compile=False, **options):
    values = {"model": "A30", "max_doppler_hz": 10.0, **options}
    if config.reference is not None:
        channel = config.reference.channel_config(config.num_rx_ant)
    else:
        values.update(num_rx_ant=config.num_rx_ant, num_tx_ant=config.num_layers)
        channel = TdlConfig.model_validate(values)
    source = build_channel(channel, seed=seed)
    return PuschLink(config, source, seed=seed, jit_compile=jit_compile)


def flat_link(config, *, jit_compile=False):
    """One receive antenna and gain 1 everywhere: AWGN."""
    h = np.ones((2, 1, 1, 1, config.num_effective_subcarriers), np.complex64)
    source = RecordedChannel(h, config.subcarrier_spacing_hz, seed=1)
    return PuschLink(config, source, seed=1, jit_compile=jit_compile)


@pytest.fixture(scope="session")
def make_config():
    return config_of


@pytest.fixture(scope="session")
def make_link():
    return tdl_link


@pytest.fixture(scope="session")
def make_awgn_link():
    return flat_link


class Graph:
    """An estimator as a graph."""

    def __init__(self, block):
        self.is_genie = getattr(block, "is_genie", False)
        self._graph = tf.function(block, autograph=False, reduce_retracing=True)

    def __call__(self, y, no):
        return self._graph(y, no)


@pytest.fixture(scope="session")
def make_estimators():
    """Least squares and the genie, in graphs, of one link."""

    def make(link):
        kinds = {"ls": LSEstimator, "perfect": PerfectCSI}
        return {name: Graph(kind(link.resource_grid)) for name, kind in kinds.items()}

    return make
