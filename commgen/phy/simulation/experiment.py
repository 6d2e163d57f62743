"""A link with its estimators, as the Monte Carlo engine takes it."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from commgen._files.tables import ESTIMATION_COLUMNS
from commgen.montecarlo.experiment import Experiment, nowhere
from commgen.montecarlo.layout import Layout
from commgen.montecarlo.rows import result_rows
from commgen.montecarlo.tally import Tally
from commgen.phy.nr.config import PuschConfig
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.config_file import path_keys
from commgen.phy.simulation.inputs import (
    check_inputs,
    content_digest,
    input_paths,
)
from commgen.phy.simulation.layout import link_layout

RESULT_COLUMNS = (
    "estimator",
    "snr_db",
    "ber",
    "bler",
    "bler_low",
    "bler_high",
    "nmse_db",
    "num_blocks",
    "cpu_seconds",
)
THROUGHPUT_COLUMNS = ("throughput", "throughput_low", "throughput_high")
_ROW_COLUMNS = (
    *RESULT_COLUMNS[:6],
    *ESTIMATION_COLUMNS[2:-1],
    "num_blocks",
    "num_channels",
    "cpu_seconds",
)
# Whether a worker has enough is not its to decide: with other targets it goes on.
_NO_TARGETS = {
    "max_num_blocks": 1,
    "target_block_errors": 1,
    "target_relative_width": None,
    "min_bler": None,
}


@dataclass(frozen=True)
class LinkExperiment(Experiment):
    """Bits, codewords and channel estimates of a link over SNR.

    Parameters
    ----------
    config
        The simulation.
    jit_compile
        As in :class:`~commgen.phy.Link`; ``False`` pays for short runs.
    """

    jit_compile: bool = True

    config_class: ClassVar[type[SimulationConfig]] = SimulationConfig
    packages: ClassVar[tuple[str, ...]] = (
        "tensorflow",
        "keras",
        "sionna-no-rt",
        "numba",
        "numpy",
        "scipy",
    )
    reserved: ClassVar[frozenset[str]] = frozenset(
        {
            *RESULT_COLUMNS,
            *THROUGHPUT_COLUMNS,
            *ESTIMATION_COLUMNS,
            *link_layout(["any"], [0.0], harq=True).reading_columns,
        }
    )

    @classmethod
    def path_keys(cls, data: Any) -> list[str]:
        """Return the keys of recordings and models."""
        return path_keys(data)

    @property
    def layout(self) -> Layout:
        """Estimators over SNR."""
        names = [entry.name for entry in self.config.estimators]
        harq = isinstance(self.config.link, PuschConfig)
        return link_layout(names, self.config.sweep.snr_db, harq=harq)

    def build(self, keep: Callable[[], Path | None] = nowhere) -> Any:
        """Build the link, and fit or load what its estimators need."""
        from commgen.phy.simulation.build_simulator import build_simulator

        return build_simulator(self.config, keep, jit_compile=self.jit_compile)

    def inputs(self) -> Sequence[Path]:
        """Return the recording and the folders of models."""
        return input_paths(self.config)

    def digest(self, path: Path) -> str:
        """Return the checksum of the content of a recording or a model."""
        return content_digest(path)

    def check_inputs(self) -> None:
        """Raise FileNotFoundError for the first key whose file is not there."""
        check_inputs(self.config)

    def job(self) -> str:
        """Return the configuration without what ends a sweep."""
        sweep = self.config.sweep.model_copy(update=_NO_TARGETS)
        same = replace(self, config=self.config.model_copy(update={"sweep": sweep}))
        return f"{same.dump()}jit_compile: {self.jit_compile}\n"

    @classmethod
    def start_worker(cls) -> None:
        """Give TensorFlow one thread."""
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)

    def rows(self, tally: Tally) -> list[dict[str, Any]]:
        """Return the rows of all tables, with bit error rates."""
        rows = result_rows(tally, self.layout)
        run = (tally.blocks > 0).nonzero()
        for row, errors, bits in zip(
            rows, tally.sums["bit_errors"][run], tally.sums["bits"][run], strict=True
        ):
            row["ber"] = int(errors) / int(bits)
            row["num_channels"] = row["num_trials"]
        columns = _ROW_COLUMNS + self._throughput_columns
        return [{name: row[name] for name in columns} for row in rows]

    @property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """``results.csv`` and ``estimation.csv``."""
        return {
            "results.csv": RESULT_COLUMNS + self._throughput_columns,
            "estimation.csv": ESTIMATION_COLUMNS,
        }

    @property
    def _throughput_columns(self) -> tuple[str, ...]:
        return THROUGHPUT_COLUMNS if len(self.layout.rates) > 1 else ()
