"""What the engine is told of what it runs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from pydantic import BaseModel

from commgen._files.yaml_file import validate, write_yaml
from commgen.montecarlo.content import digest
from commgen.montecarlo.counts import CountedBatch
from commgen.montecarlo.layout import Layout
from commgen.montecarlo.rows import result_rows
from commgen.montecarlo.sweep import StoppingRule
from commgen.montecarlo.tally import Tally

Run = Callable[[int, np.ndarray], CountedBatch]


class Simulator(Protocol):
    """Gives any batch of an experiment.

    ``num_blocks`` is how many blocks a trial has.
    """

    @property
    def layout(self) -> Layout:
        """Curves, points, and what is counted."""
        ...

    @property
    def num_blocks(self) -> int:
        """Blocks of a trial."""
        ...

    def run(self, batch: int, pending: np.ndarray) -> CountedBatch:
        """Run batch number ``batch`` at the points of ``pending``.

        Parameters
        ----------
        batch
            Number of the batch, at least 0. With the seed it decides the batch: all
            curves and points see the same trials.
        pending : [num_curves, num_points], bool
            Points to run; at least one.
        """
        ...


@dataclass(frozen=True)
class Trials:
    """A :class:`Simulator` around a function."""

    layout: Layout
    run: Run
    num_blocks: int = 1


def nowhere() -> Path | None:
    """Keep nothing: what :meth:`Experiment.build` takes where there is no folder."""
    return None


@dataclass(frozen=True)
class Experiment(ABC):
    """Something that is repeated at several points until it is known well enough.

    It is a value: its configuration, with its seed, decides every number but the times.
    Links, networks, federations and live runs are experiments; the engine (sweep,
    tally, workers, run folder, campaign, pictures, comparison) asks no more of them
    than this. Subclasses say ``config_class``, ``layout`` and ``build``, and are
    picklable, for workers are sent them.

    Parameters
    ----------
    config
        Configuration, with a ``seed`` and a ``sweep``, a
        :class:`~commgen.montecarlo.StoppingRule`.

    Attributes
    ----------
    config_class
        Class of ``config``.
    packages
        Distributions whose versions go to the card of a run, beside commgen's.
    reserved
        Names that an axis of a campaign may not have: columns of its tables.
    """

    config: Any

    config_class: ClassVar[type[BaseModel]]
    packages: ClassVar[tuple[str, ...]] = ("numpy",)
    reserved: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def parse(cls, data: Any) -> Self:
        """Make the experiment of plain values; ValueError says what is wrong."""
        return cls(validate(cls.config_class, data))

    def dump(self) -> str:
        """Return its configuration as YAML, of which :meth:`parse` makes it again."""
        return write_yaml(self.values())

    def values(self) -> dict[str, Any]:
        """Return its configuration as plain values."""
        return self.config.model_dump(mode="json", exclude_none=True)

    @property
    def seed(self) -> int:
        """Seed of all that is drawn."""
        return self.config.seed

    @property
    def sweep(self) -> StoppingRule:
        """Size of a batch, and when a point has enough."""
        return self.config.sweep

    @property
    @abstractmethod
    def layout(self) -> Layout:
        """Curves, points, and what is counted and read off."""

    @abstractmethod
    def build(self, keep: Callable[[], Path | None] = nowhere) -> Simulator:
        """Return what runs batches.

        Parameters
        ----------
        keep
            Called once all is checked, before anything that takes long: it begins the
            run folder and returns a folder in which what is made may be kept, and found
            again when a run goes on. None: nothing is kept.

        Raises
        ------
        ValueError, OSError
            If the experiment does not fit its data; before ``keep`` is called.
        """

    def inputs(self) -> Sequence[Path]:
        """Return the files and folders that it reads, in the order it names them.

        A run goes on only with the same ones, as :meth:`digest` knows them.
        """
        return ()

    def digest(self, path: Path) -> str:
        """Return what tells the content of an input, or of what was made for a run.

        By default it is the SHA-256 of the file, or of the files of a folder. Where a
        file has a checksum of its content, which does not change when it is made anew,
        that is better.
        """
        return digest(path)

    def check_inputs(self) -> None:
        """Raise FileNotFoundError for the first input that is not there."""
        for path in self.inputs():
            if not path.exists():
                raise FileNotFoundError(f"{path} is not there.")

    @classmethod
    def path_keys(cls, data: Any) -> Iterable[str]:
        """Return the dotted keys of plain values that name files or folders."""
        return ()

    def job(self) -> str:
        """Return all that :meth:`build` depends on; for the same, a worker keeps it."""
        return self.dump()

    @classmethod
    def start_worker(cls) -> None:
        """Prepare a process of one thread, before the first :meth:`build` in it."""
        return

    def targets(self) -> dict[str, Sequence[float]]:
        """Return the values of each rate at which points are read off."""
        return {
            rate.name: getattr(self.sweep, f"target_{rate.name}", ())
            for rate in self.layout.rates
        }

    def rows(self, tally: Tally) -> list[dict[str, Any]]:
        """Return the rows of :attr:`tables`, one for each curve and point."""
        return result_rows(tally, self.layout)

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Files of a run folder to the columns of :meth:`rows` that they have."""
        return {"results.csv": self.layout.columns}
