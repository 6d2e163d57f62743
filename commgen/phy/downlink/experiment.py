"""A downlink with its precoders, as the Monte Carlo engine takes it."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from commgen.montecarlo.experiment import Experiment, nowhere
from commgen.montecarlo.layout import ERRORS, TRIALS, Axis, Layout, Rate
from commgen.montecarlo.rows import result_rows
from commgen.montecarlo.tally import Tally
from commgen.phy.downlink.config import DownlinkConfig

SENT, BITS, ELEMENTS = "sent", "bits", "elements"
_BLER = Rate(bottom=SENT)
_GOODPUT = Rate(
    name="goodput",
    label="goodput [bit/s/Hz]",
    top=BITS,
    bottom=ELEMENTS,
    falls=False,
    is_share=False,
)


@dataclass(frozen=True)
class DownlinkExperiment(Experiment):
    """Blocks delivered to several users, by precoder over power.

    A trial is a drop of users with a block for each. The block error rate is that of
    the blocks that are sent; goodput is bits of received blocks over resource elements,
    all users together; ``rate`` is what Gaussian codes would carry at the SINRs that
    the users have when all are sent to.
    """

    config_class: ClassVar[type[DownlinkConfig]] = DownlinkConfig
    packages: ClassVar[tuple[str, ...]] = (
        "tensorflow",
        "keras",
        "sionna-no-rt",
        "numba",
        "numpy",
        "scipy",
    )

    @classmethod
    def path_keys(cls, data: Any) -> list[str]:
        """Return the keys of models."""
        precoders = data.get("precoders") if isinstance(data, dict) else None
        entries = precoders if isinstance(precoders, list) else []
        return ["belief.model"] + [f"precoders.{i}.model" for i in range(len(entries))]

    @property
    def layout(self) -> Layout:
        """Precoders over power."""
        return Layout(
            curves=tuple(entry.name for entry in self.config.precoders),
            points=tuple(float(snr) for snr in self.config.sweep.snr_db),
            events=(TRIALS, ERRORS, SENT, BITS, ELEMENTS),
            rates=(_BLER, _GOODPUT),
            curve="precoder",
            axis=Axis(label="power over noise"),
        )

    def build(self, keep: Callable[[], Path | None] = nowhere) -> Any:
        """Build link and precoders, and find what each scheme needs."""
        from commgen.phy.downlink.simulator import DownlinkSimulator

        found = DownlinkSimulator(self.config, self.layout)
        keep()
        return found

    def inputs(self) -> Sequence[Path]:
        """Return the folders of models."""
        entries = [self.config.belief, *self.config.precoders]
        found = [getattr(entry, "model", None) for entry in entries]
        return [path for path in found if path is not None]

    @classmethod
    def start_worker(cls) -> None:
        """Give TensorFlow one thread."""
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)

    def rows(self, tally: Tally) -> list[dict[str, Any]]:
        """Return the rows of the table, with mean rates."""
        rows = result_rows(tally, self.layout)
        run = (tally.blocks > 0).nonzero()
        for row, rate, trials in zip(
            rows, tally.sums["rate"][run], tally.trials[run], strict=True
        ):
            row["rate"] = float(rate) / int(trials)
        columns = self.tables["results.csv"]
        return [{name: row[name] for name in columns} for row in rows]

    @property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """``results.csv``."""
        *before, blocks, trials, seconds = self.layout.columns
        return {"results.csv": (*before, "rate", blocks, trials, seconds)}
