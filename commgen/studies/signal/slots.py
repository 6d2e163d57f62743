"""Slots with and without pilots over the same channels and noise, as an experiment."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import commgen.montecarlo as mc
from commgen._settings import Count, Int, PositiveFloat, Settings
from commgen.frame.constellation import Constellation
from commgen.measures.intervals import normal_quantile
from commgen.montecarlo.experiment import nowhere
from commgen.montecarlo.rows import result_rows

#: Receivers that are compared; the first one is the reference.
CURVES = (
    "pilots",
    "pilots, once",
    "sparse pilots",
    "pilots, channel known",
    "mean of QAM",
    "learned points",
    "learned points and network",
)
#: Channel, and what a receiver is told of it: no more than these ranges.
CHANNEL = {
    "source": "3gpp",
    "scenario": "tdl",
    "model": ["A", "B", "C"],
    "delay_spread_min_s": 30e-9,
    "delay_spread_max_s": 300e-9,
    "carrier_hz": 3.5e9,
    "speed_min_m_s": 3.0,
    "speed_max_m_s": 30.0,
    "num_rx_ant": 1,
}
_MAX_DOPPLER_HZ = 350.0
_TOLERANCE = 1e-4
#: Curves that goodput is compared with, and the columns of that gain.
REFERENCES = {
    name: (f"gain_over_{word}", f"gain_over_{word}_low", f"gain_over_{word}_high")
    for name, word in ((CURVES[0], "pilots"), (CURVES[2], "sparse"))
}
POINTS, MEAN_POINTS, NETWORK = "points.npz", "mean.npz", "network"


class SlotsConfig(Settings):
    """Links of one coding rate.

    Parameters
    ----------
    seed
        Of bits, channels and noise.
    num_bits_per_symbol, coderate
        Of all links.
    model
        Folder with what was learned: ``points.npz``, ``mean.npz`` and ``network``.
    iterations
        Rounds between decoder and estimator.
    sparse_step
        Sparse pilots are on every so many subcarriers.
    sweep
        SNRs and how many slots.
    """

    seed: Int
    num_bits_per_symbol: Count = 4
    coderate: PositiveFloat = 0.5
    model: Path
    iterations: Count = 6
    sparse_step: Count = 6
    sweep: mc.SweepConfig


class PilotlessSlots(mc.Experiment):
    """Block error rates and goodput; all curves see the same channels and noise."""

    config_class = SlotsConfig
    packages = ("numpy", "numba", "tensorflow", "keras", "sionna-no-rt")

    @property
    def layout(self) -> mc.Layout:
        """All receivers over SNR."""
        return mc.Layout(curves=CURVES, points=self.sweep.snr_db, curve="receiver")

    @classmethod
    def path_keys(cls, data: Any) -> list[str]:
        """Return the key of what was learned."""
        return ["model"]

    def inputs(self) -> list[Path]:
        """Return the folder of what was learned."""
        return [self.config.model]

    def build(self, keep=nowhere) -> mc.Trials:
        """Return what sends slots and counts those that come wrong."""
        links = _links(self.config)
        size, snr_db = self.sweep.batch_size or 32, np.asarray(self.sweep.snr_db)

        def run(batch: int, pending: np.ndarray) -> mc.CountedBatch:
            counts = {}
            for link, receivers in links:
                rows = [CURVES.index(name) for name in receivers]
                if not pending[rows].any():
                    continue
                for i, j, found in link.run_batch(
                    batch, size, snr_db, receivers, pending[rows]
                ):
                    wrong = np.asarray(found.block_errors)
                    events = np.stack([wrong * 0 + 1, wrong])
                    counts[rows[i], j] = mc.PointCounts(events)
            return mc.CountedBatch.of(batch, counts)

        return mc.Trials(self.layout, run)

    @property
    def num_data_bits(self) -> list[int]:
        """Bits of data that a slot of each curve carries."""
        names = {name: bits for bits, group in _sizes(self.config) for name in group}
        return [names[name] for name in CURVES]

    def rows(self, tally) -> list[dict[str, Any]]:
        """Return error rates and, of the same slots, goodput beside that of pilots."""
        rows, bits = result_rows(tally, self.layout), self.num_data_bits
        points = list(self.layout.points)
        for row in rows:
            i, j = CURVES.index(row["receiver"]), points.index(row["snr_db"])
            row["goodput_bits"] = bits[i] * (1 - row["bler"])
            for name, columns in REFERENCES.items():
                r = CURVES.index(name)
                gain = goodput_gain(tally, (i, bits[i]), (r, bits[r]), j)
                row |= zip(columns, gain, strict=True)
        return rows

    @property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """``results.csv`` with goodput."""
        gains = [column for columns in REFERENCES.values() for column in columns]
        return {"results.csv": (*self.layout.columns, "goodput_bits", *gains)}


def goodput_gain(tally, one, other, j) -> tuple[float, float, float]:
    r"""How much more data arrives by one curve than by another, with 95 % interval.

    .. math:: \frac{k_a (1 - p_a)}{k_b (1 - p_b)} - 1

    with an interval by the delta method on its logarithm, of trials that both saw.

    Parameters
    ----------
    tally
        What was counted.
    one, other
        Number of a curve, and its bits of data k.
    j
        Number of the point.
    """
    (a, k_a), (b, k_b) = one, other
    n = tally.trials[a, j], tally.trials[b, j]
    right = [1 - tally.block_errors[c, j] / m for c, m in zip((a, b), n, strict=True)]
    if min(right) <= 0 or min(n) < 2:
        return np.nan, np.nan, np.nan
    common = tally.joint[0, a, j, 0, b, j]
    both = tally.joint[1, a, j, 1, b, j] / max(common, 1)
    wrong = [
        tally.joint[1, a, j, 0, b, j] / max(common, 1),
        tally.joint[0, a, j, 1, b, j] / max(common, 1),
    ]
    covariance = (both - wrong[0] * wrong[1]) * common / (n[0] * n[1])
    variance = -2 * covariance / (right[0] * right[1])
    for q, m in zip(right, n, strict=True):
        variance += (1 - q) / (q * m)
    ratio = k_a * right[0] / (k_b * right[1])
    half = normal_quantile(0.95) * max(variance, 0.0) ** 0.5
    low, high = (float(ratio * np.exp(s * half) - 1) for s in (-1, 1))
    return float(ratio - 1), low, high


def simulation(config: SlotsConfig, pilots=(2, 11), step: int = 1, points=None) -> Any:
    """Return the simulation of one link, without what it estimates."""
    from commgen.phy.simulation.config_file import parse_config

    return parse_config(
        {
            "seed": config.seed,
            "channel": CHANNEL,
            "link": {
                "num_rx_ant": 1,
                "fft_size": 72,
                "subcarrier_spacing_hz": 15e3,
                "cyclic_prefix_length": 5,
                "pilot_ofdm_symbol_indices": list(pilots),
                "pilot_subcarrier_step": step,
                "num_bits_per_symbol": config.num_bits_per_symbol,
                "coderate": config.coderate,
                **({} if points is None else {"constellation": str(points)}),
            },
            "estimators": [{"kind": "perfect"}],
            "sweep": config.sweep.model_dump(mode="json", exclude_none=True),
        }
    )


def _kinds(config: SlotsConfig) -> list[tuple[Any, list[str]]]:
    """Return simulations, and the curves of each."""
    model = config.model
    return [
        (partial(simulation, config), [*CURVES[:2], CURVES[3]]),
        (partial(simulation, config, step=config.sparse_step), [CURVES[2]]),
        (partial(simulation, config, (), points=model / MEAN_POINTS), [CURVES[4]]),
        (partial(simulation, config, (), points=model / POINTS), [*CURVES[5:]]),
    ]


def _sizes(config: SlotsConfig) -> list[tuple[int, list[str]]]:
    from commgen.frame.codewords import CodewordLayout

    found = []
    for make, names in _kinds(config):
        link = make().link
        layout = CodewordLayout.of(
            link.num_data_symbols, link.num_bits_per_symbol, link.coderate
        )
        found.append((layout.num_codewords * layout.k, names))
    return found


def _links(config: SlotsConfig) -> list[tuple[Any, dict[str, Any]]]:
    """Return links, and the receivers of each; their draws are the same."""
    from commgen.phy.ofdm.link import Link
    from commgen.phy.simulation.sources import build_source

    found = []
    for make, names in _kinds(config):
        made = make()
        source = build_source(made, seed=config.seed)
        link = Link(made.link, source, seed=config.seed, jit_compile=False)
        receivers = _receivers(config, made, link.resource_grid)
        found.append((link, {name: receivers[name] for name in names}))
    return found


def _receivers(config, made, grid) -> dict[str, Any]:
    """Return those of a link, by their curves; none is told the channel's own law."""
    from commgen.phy.estimation.perfect import PerfectCSI
    from commgen.phy.estimation.slot.config import SlotConfig
    from commgen.phy.estimation.slot.estimator import SlotPriorEstimator
    from commgen.phy.estimation.slot.prior import build_slot_prior
    from commgen.phy.estimation.slot.superimposed import SuperimposedEstimator
    from commgen.phy.neural.corrector import LLRCorrector
    from commgen.phy.neural.files import load_neural_receiver
    from commgen.phy.receiver.estimator_receiver import EstimatorReceiver
    from commgen.phy.receiver.slot_posterior import SlotPosterior

    ranges = {k: v for k, v in CHANNEL.items() if k.startswith("delay_spread")}
    told = SlotConfig(models=("A", "B", "C"), max_doppler_hz=_MAX_DOPPLER_HZ, **ranges)
    prior = build_slot_prior(told, grid)
    refine = SlotPosterior(grid, covariance(made, grid), tolerance=_TOLERANCE)
    again = {"iterations": config.iterations, "refine": refine}
    if made.link.pilot_ofdm_symbol_indices:
        first = SlotPriorEstimator(grid, prior)
        iterated = EstimatorReceiver(first, **again)
        once = EstimatorReceiver(first)
        known = EstimatorReceiver(PerfectCSI(grid))
        return dict(zip(CURVES[:4], (iterated, once, iterated, known), strict=True))
    points = Constellation.load(made.link.constellation)
    first = SuperimposedEstimator(grid, prior, points)
    network, _ = load_neural_receiver(config.model / NETWORK)
    correct = LLRCorrector(grid, network, points)
    plain = EstimatorReceiver(first, **again)
    learned = EstimatorReceiver(first, **again, correct=correct)
    return dict(zip(CURVES[4:], (plain, plain, learned), strict=True))


def covariance(made: Any, grid: Any) -> Any:
    """Return the mean covariance of all channels of the ranges."""
    from commgen.phy.simulation.covariances import channel_covariance
    from commgen.phy.simulation.estimator_config import LMMSEInterpolationConfig

    return channel_covariance(LMMSEInterpolationConfig(name="law"), made.channel, grid)
