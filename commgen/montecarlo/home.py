"""The folder of one run: what may go on in it, and what may not."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from commgen._console import plain_console
from commgen._files.replacing import sync
from commgen._files.whole import check_folder, write_text
from commgen._files.yaml_file import read_yaml, write_yaml
from commgen.montecarlo.card import RunCard, changed
from commgen.montecarlo.counts import CountedBatch
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.memory import check_layout_fits
from commgen.montecarlo.origin import Origin, config_values, difference
from commgen.montecarlo.paths import change_paths, relative, resolve_paths
from commgen.montecarlo.run_folder import State, load_state, save_state
from commgen.montecarlo.tally import Tally

CONFIG_FILE = "config.yaml"
STATE_FILE = "state.npz"
# Waiting for the disk after each of many short batches would cost more than 2 %.
_SYNC_SECONDS = 1.0


class RunHome:
    """A run folder, new or of before.

    Parameters
    ----------
    experiment
        What is run.
    folder
        The folder; nothing is written to it until :meth:`begin`.

    Raises
    ------
    ValueError
        If it holds something else, another configuration, or the run of other inputs.
    OSError
        If an input is not there.
    """

    def __init__(self, experiment: Experiment, folder: Path):
        self.experiment, self.folder = experiment, folder
        self.models, self.state = folder / "models", folder / STATE_FILE
        check_layout_fits(experiment.layout)
        check_folder(folder, "run", CONFIG_FILE)
        self.begun = (folder / CONFIG_FILE).is_file()
        self._synced = float("-inf")
        if self.begun:
            self._check_config()
        self._origin = Origin.of(experiment)
        self.card = RunCard(folder, experiment, self._origin)
        self.card.check_inputs()

    def reread(self) -> None:
        """Look again, once no other run can be at work.

        Raises
        ------
        ValueError
            If another run has begun meanwhile.
        """
        if (self.folder / CONFIG_FILE).is_file() != self.begun:
            raise ValueError(
                f"another run has begun in {self.folder} meanwhile; start again, or "
                "choose another folder."
            )
        self.card = RunCard(self.folder, self.experiment, self._origin)

    def read_finished(self) -> Tally:
        """Return the counts of a run that is done; versions do not matter any more."""
        state = load_state(self.state, self.experiment.layout)
        self._check_origin(state.origin)
        return state.tally

    def read_unfinished(self, *, other_versions: bool) -> State | None:
        """Return the counts of a run that goes on; None where there are none."""
        if not self.begun:
            return None
        if not other_versions:
            self._check_versions(self.card.before.versions)
        if not self.state.exists():
            return None
        state = load_state(self.state, self.experiment.layout)
        if state.origin is None:
            _warn(
                f"{self.folder} was begun by an older commgen: whether its counts are "
                "of this configuration, these inputs and models cannot be checked."
            )
            return state
        self._check_origin(state.origin)
        if not other_versions:
            self._check_versions(state.origin.versions)
        return state

    def begin(self, *, wall_seconds: float, cpu_seconds: float) -> None:
        """Write configuration and card."""
        write_text(
            self.folder / CONFIG_FILE, saved_config(self.experiment, self.folder)
        )
        self.begun = True
        self.card.write(done=False, wall_seconds=wall_seconds, cpu_seconds=cpu_seconds)

    def check_models(self, state: State | None) -> None:
        """Note what was made for the run; raise if counts were made with another."""
        self._origin = self._origin.with_models(self.experiment, self.models)
        if state is None or state.origin is None:
            return
        for name, checksum in state.origin.models.items():
            if self._origin.models.get(name) != checksum:
                raise changed(self.models / name, self.folder)

    def save(self, tally: Tally, waiting: Iterable[CountedBatch]) -> None:
        """Write the counts so far; they are on the disk once a second."""
        now = time.monotonic()
        due = now >= self._synced + _SYNC_SECONDS
        self._synced = now if due else self._synced
        save_state(self.state, tally, waiting, self._origin, synced=due)

    def sync(self) -> None:
        """Have the counts on the disk."""
        if self.state.exists():
            sync(self.state)

    def _check_config(self) -> None:
        path = self.folder / CONFIG_FILE
        if path.read_bytes() == saved_config(self.experiment, self.folder).encode():
            return
        data = resolve_paths(
            read_yaml(path), self.folder.resolve(), self.experiment.path_keys
        )
        try:
            there = config_values(self.experiment.parse(data))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        found = difference(config_values(self.experiment), there)
        if found is not None:
            raise ValueError(
                f"{self.folder} holds a run of another configuration ({found}); choose "
                "another folder, or remove it."
            )

    def _check_origin(self, origin: Origin | None) -> None:
        if origin is None:
            return
        found = difference(self._origin.config, origin.config)
        if found is not None:
            raise ValueError(
                f"{self.state} has the counts of another configuration ({found}); "
                "restore the file, or remove it to begin anew."
            )
        self.card.check_same(origin.inputs)

    def _check_versions(self, there: Mapping[str, str]) -> None:
        here = self._origin.versions
        for name, version in there.items():
            if here.get(name, version) != version:
                raise ValueError(
                    f"{self.folder} was begun with {name} {version}, and here is "
                    f"{here[name]}, which may give other numbers: install that "
                    "version, or mix both by commgen resume --other-versions."
                )


def saved_config(experiment: Experiment, folder: Path) -> str:
    """Return a configuration as YAML, with its paths relative to ``folder``."""
    data = change_paths(
        experiment.values(),
        experiment.path_keys,
        lambda path: relative(path, folder),
    )
    return write_yaml(data)


def _warn(text: str) -> None:
    console = plain_console(stderr=True)
    console.print(text, style="yellow", soft_wrap=True)
