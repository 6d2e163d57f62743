"""What decides the numbers of a run, so that nothing else is mixed into them."""

import json
import platform
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from commgen import __version__
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.paths import change_paths


@dataclass(frozen=True)
class Origin:
    """Where counts come from.

    Parameters
    ----------
    config
        Plain values of the configuration; its paths are left blank.
    inputs
        Checksum of each input, in their order.
    versions
        Python, commgen and packages to their versions.
    layout
        Plain values of the layout.
    models
        Checksum of each thing that was made for the run, by name.
    """

    config: dict[str, Any]
    inputs: tuple[str, ...]
    versions: dict[str, str]
    layout: dict[str, Any]
    models: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, experiment: Experiment) -> "Origin":
        """Return the origin of an experiment for which nothing was made yet."""
        return cls(
            config_values(experiment),
            tuple(experiment.digest(path) for path in experiment.inputs()),
            {
                "python": platform.python_version(),
                "commgen": __version__,
                **{name: version(name) for name in experiment.packages},
            },
            experiment.layout.model_dump(mode="json"),
        )

    def with_models(self, experiment: Experiment, folder: Path) -> "Origin":
        """Return it with what lies in the folder of models."""
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        return replace(self, models={p.name: experiment.digest(p) for p in found})

    def dump(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """Read what :meth:`dump` wrote; ValueError if it is something else."""
        values = json.loads(text)
        if not isinstance(values, dict) or set(values) != {f.name for f in fields(cls)}:
            raise ValueError("origin must have the keys of a run")
        return cls(**{**values, "inputs": tuple(values["inputs"])})


def config_values(experiment: Experiment) -> dict[str, Any]:
    """Return the plain values of a configuration, with its paths left blank.

    What the paths lead to is known by its content.
    """
    values = change_paths(experiment.values(), experiment.path_keys, _blank)
    return json.loads(json.dumps(values))


def difference(here: Any, there: Any, key: str = "") -> str | None:
    """Say the first key in which two configurations differ; None where they do not.

    Examples
    --------
    >>> difference({"seed": 1, "bias": [1, 2]}, {"seed": 1, "bias": [1, 3]})
    'bias.1: 3 there, 2 here'
    """
    if type(here) is type(there) and isinstance(here, dict | list):
        items = _items(here) | _items(there)
        for name in items:
            inner = f"{key}.{name}" if key else name
            found = difference(_items(here).get(name), _items(there).get(name), inner)
            if found is not None:
                return found
        return None
    if here == there and type(here) is type(there):
        return None
    return f"{key}: {_short(there)} there, {_short(here)} here"


def _blank(path: str) -> str:
    return ""


def _items(values: Any) -> dict[str, Any]:
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    return {str(name): value for name, value in pairs}


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
