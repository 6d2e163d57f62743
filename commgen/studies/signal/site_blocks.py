"""Coded blocks of several constellations over the channels of one site."""

from pathlib import Path
from typing import ClassVar

import numpy as np

import commgen.montecarlo as mc
from commgen._settings import Int, Settings
from commgen.montecarlo.experiment import nowhere
from commgen.phy.ofdm.config import LinkConfig
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.estimator_config import EstimatorConfig
from commgen.phy.simulation.inputs import content_digest, input_paths
from commgen.phy.simulation.source_config import SourceConfig

#: Curve of the plain points.
QAM = "QAM"


class SiteConfig(Settings):
    """One link over one source, with several constellations.

    Parameters
    ----------
    seed
        Of bits, noise, and the order of the channels.
    channel, link, estimator
        As in :class:`~commgen.phy.simulation.config.SimulationConfig`.
    constellations
        Name to file of points; QAM, with which all are compared, comes without.
    sweep
        SNRs and how many blocks.
    """

    seed: Int
    channel: SourceConfig
    link: LinkConfig
    estimator: EstimatorConfig
    constellations: dict[str, Path]
    sweep: mc.SweepConfig

    def simulation(self, points: Path | None) -> SimulationConfig:
        """Return the simulation with one of the constellations."""
        link = self.link.model_copy(update={"constellation": points})
        return SimulationConfig(
            seed=self.seed,
            channel=self.channel,
            link=link,
            estimators=(self.estimator,),
            sweep=self.sweep,
        )


class SiteBlocks(mc.Experiment):
    """Block error rates; all curves see the same bits, channels and noise."""

    config_class = SiteConfig
    packages: ClassVar[tuple[str, ...]] = ("tensorflow", "sionna-no-rt", "numpy")

    @property
    def _points(self) -> list[Path | None]:
        return [None, *self.config.constellations.values()]

    @property
    def layout(self) -> mc.Layout:
        """QAM and the constellations over SNR."""
        curves = (QAM, *self.config.constellations)
        return mc.Layout(curves=curves, points=self.sweep.snr_db, curve="points")

    def inputs(self) -> list[Path]:
        """Return the channels, the model and the files of points."""
        simulations = map(self.config.simulation, self._points)
        found = [path for config in simulations for path in input_paths(config)]
        return list(dict.fromkeys(found))

    def digest(self, path: Path) -> str:
        """Return the checksum of what one of them holds."""
        return content_digest(path)

    def build(self, keep=nowhere) -> mc.Trials:
        """Return what sends blocks and counts those that come wrong."""
        from commgen.phy.simulation.build_link import build_link
        from commgen.phy.simulation.estimators import build_estimators

        links, receivers = [], []
        for points in self._points:
            config = self.config.simulation(points)
            links.append(build_link(config, jit_compile=False))
            receivers.append(build_estimators(config, links[-1].resource_grid))
        size, snr_db = self.sweep.batch_size or 1, self.sweep.snr_db

        def transmit(batch: int, pending: np.ndarray) -> mc.CountedBatch:
            counts = {}
            for i in np.flatnonzero(pending.any(axis=1)):
                found = links[i].run_batch(
                    batch, size, snr_db, receivers[i], pending[i][None]
                )
                for _, j, made in found:
                    counts[int(i), j] = mc.PointCounts(made.events())
            return mc.CountedBatch.of(batch, counts)

        return mc.Trials(self.layout, transmit, links[0].num_blocks_per_slot)
