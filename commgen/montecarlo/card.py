"""The card of a run: what it was made with and what it cost."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from commgen._files.whole import read_json, sha256, write_json
from commgen._files.yaml_file import validate
from commgen.montecarlo.content import files_of
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.origin import Origin
from commgen.montecarlo.paths import relative

CARD_FILE = "card.json"
_Seconds = Annotated[float, Field(ge=0)]


class Input(BaseModel):
    """A file or folder that was read, with the checksum of its content."""

    path: str
    checksum: str


class Card(BaseModel):
    """What a ``card.json`` says, of any version of commgen.

    Parameters
    ----------
    status
        Whether the run is done.
    versions
        Of Python, commgen and packages.
    versions_before
        Those with which some of the batches were counted, where they were others.
    inputs
        What was read; None on cards of before.
    inputs_sha256
        On these, path to SHA-256 of each file.
    wall_seconds, cpu_seconds
        Costs so far.
    layout
        Plain values of the layout; None on cards of before it was told.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    status: Literal["running", "done"] = "running"
    versions: dict[str, str] = Field(default_factory=dict)
    versions_before: list[dict[str, str]] = Field(default_factory=list)
    inputs: list[Input] | None = None
    inputs_sha256: dict[str, str] | None = None
    wall_seconds: _Seconds = 0.0
    cpu_seconds: _Seconds = 0.0
    layout: Any = None

    @property
    def done(self) -> bool:
        """Whether the run is done."""
        return self.status == "done"


def read_card(folder: Path) -> Card:
    """Read the card of a run folder; an empty one where there is none.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or is no card.
    """
    path = folder / CARD_FILE
    if not path.exists():
        return Card()
    if not path.is_file():
        raise ValueError(f"{path} must be a file.")
    data = read_json(path)
    if not isinstance(data, dict):
        raise ValueError(f"{path} must hold a JSON object, got {type(data).__name__}.")
    try:
        return validate(Card, data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


class RunCard:
    """The card of a run that goes on: costs add up over interruptions.

    Parameters
    ----------
    folder
        Run folder.
    experiment
        What is run.
    origin
        Of it.
    """

    def __init__(self, folder: Path, experiment: Experiment, origin: Origin):
        self._folder, self._experiment, self._origin = folder, experiment, origin
        self.before = read_card(folder)

    def check_inputs(self) -> None:
        """Raise ValueError if an input has changed since the run began."""
        paths = self._experiment.inputs()
        if self.before.inputs is not None:
            known = [entry.checksum for entry in self.before.inputs]
            self.check_same(known)
            return
        if self.before.inputs_sha256 is None:
            return
        for path in paths:
            for file in files_of(path):
                if self.before.inputs_sha256.get(str(file)) != sha256(file):
                    raise changed(file, self._folder)

    def check_same(self, known: list[str] | tuple[str, ...]) -> None:
        """Raise ValueError for the first input that has another checksum."""
        paths = self._experiment.inputs()
        for i, (path, now) in enumerate(zip(paths, self._origin.inputs, strict=True)):
            if i >= len(known) or known[i] != now:
                raise changed(path, self._folder)

    def write(self, *, done: bool, wall_seconds: float, cpu_seconds: float) -> None:
        """Write the card, with what this process spent added to what was before."""
        before, origin = self.before, self._origin
        versions = [*before.versions_before]
        if before.versions and before.versions != origin.versions:
            versions.append(before.versions)
        inputs = zip(self._experiment.inputs(), origin.inputs, strict=True)
        values: dict[str, Any] = {
            "status": "done" if done else "running",
            "seed": self._experiment.seed,
            "versions": origin.versions,
            **({"versions_before": versions} if versions else {}),
            "inputs": [
                {"path": relative(path, self._folder), "checksum": checksum}
                for path, checksum in inputs
            ],
            "wall_seconds": round(before.wall_seconds + wall_seconds, 3),
            "cpu_seconds": round(before.cpu_seconds + cpu_seconds, 3),
            "layout": origin.layout,
        }
        write_json(self._folder / CARD_FILE, values)


def changed(path: Path, folder: Path) -> ValueError:
    """Return the error for something that is not what a run began with."""
    return ValueError(
        f"{path} has changed since the run in {folder} began; restore it, or choose "
        "another folder."
    )
