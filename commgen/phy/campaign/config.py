"""A grid over the parameters of a simulation, as one YAML file."""

import copy
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from commgen._tables import ESTIMATION_COLUMNS
from commgen.phy.run_folder import READING_COLUMNS, RESULT_COLUMNS, THROUGHPUT_COLUMNS
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.config_file import parse_config, read_yaml, resolve_paths

_MAX_POINTS = 10_000
RESERVED = {
    *RESULT_COLUMNS,
    *THROUGHPUT_COLUMNS,
    *ESTIMATION_COLUMNS,
    *READING_COLUMNS,
}
_PATH_KEY = re.compile(r"^(channel\.path|estimators\.\d+\.model)$")
_NAME = re.compile(r"^[A-Za-z][\w.-]*$")


@dataclass(frozen=True)
class GridPoint:
    """One simulation of a campaign.

    Parameters
    ----------
    labels
        Name of each axis of the grid to the value here, as it is shown.
    config
        The simulation.
    """

    labels: dict[str, str]
    config: SimulationConfig

    @property
    def title(self) -> str:
        """The labels in one line."""
        return ", ".join(f"{name}={value}" for name, value in self.labels.items())


@dataclass(frozen=True)
class CampaignConfig:
    """The simulations of a campaign: the product of all axes of its grid.

    Parameters
    ----------
    base
        Plain values of the simulation that the points vary.
    grid
        Axes. Either a dotted key of the simulation to a list of its values, or a name
        of one's own to a list of mappings, each with a ``name`` and the dotted keys
        that it sets together.
    points
        The simulations, the last axis fastest.
    """

    base: dict[str, Any]
    grid: dict[str, list[Any]]
    points: tuple[GridPoint, ...]

    @classmethod
    def of(cls, base: dict[str, Any], grid: Any) -> "CampaignConfig":
        """Lay out the grid and validate every point.

        Raises
        ------
        ValueError
            If the grid is no mapping of names to lists, has too many points, sets a
            key whose parent is not there, or a point is refused; it names the point.

        Examples
        --------
        The rate alone, or rate and modulation together::

            grid:
              link.coderate: [0.5, 0.75]
              scheme:
                - {name: robust, link.num_bits_per_symbol: 2, link.coderate: 0.3}
                - {name: fast, link.num_bits_per_symbol: 6, link.coderate: 0.8}
        """
        _check_grid(grid)
        points = []
        for values in itertools.product(*grid.values()):
            changed, labels = copy.deepcopy(base), {}
            for axis, value in zip(grid, values, strict=True):
                settings, labels[axis] = _settings(axis, value)
                for key, new in settings.items():
                    _set(changed, key, copy.deepcopy(new))
            title = ", ".join(f"{name}={label}" for name, label in labels.items())
            try:
                points.append(GridPoint(labels, parse_config(changed)))
            except ValueError as error:
                raise ValueError(f"grid point {title}: {error}") from None
        titles = [point.title for point in points]
        if len(set(titles)) < len(titles):
            raise ValueError("grid must have values that differ on every axis.")
        return cls(base, dict(grid), tuple(points))

    def dump(self) -> str:
        """Return the campaign as YAML; :func:`load_campaign` reads it."""
        return yaml.safe_dump({**self.base, "grid": self.grid}, sort_keys=False)


def load_campaign(path: str | Path) -> CampaignConfig | SimulationConfig:
    """Read a configuration: a campaign if it has a ``grid``, else a simulation.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        As :func:`~commgen.phy.load_config` and :meth:`CampaignConfig.of`.
    """
    data = read_yaml(path)
    folder = Path(path).resolve().parent
    grid = data.pop("grid", None) if isinstance(data, dict) else None
    resolve_paths(data, folder)
    if grid is None:
        return parse_config(data)
    _check_grid(grid)
    generated = isinstance(data.get("channel"), dict) and (
        data["channel"].get("source") == "generated"
    )
    for axis, values in grid.items():
        grid[axis] = [_resolved(axis, v, folder, generated) for v in values]
    return CampaignConfig.of(data, grid)


def _resolved(key: str, value: Any, folder: Path, generated: bool) -> Any:
    """Make the paths among the values of an axis absolute."""
    if isinstance(value, dict):
        return {k: _resolved(k, v, folder, generated) for k, v in value.items()}
    is_path = _PATH_KEY.match(key) or (generated and key == "channel.model")
    if is_path and isinstance(value, str):
        return str(folder / Path(value).expanduser())
    return value


def _check_grid(grid: Any) -> None:
    if not isinstance(grid, dict) or not grid:
        raise ValueError(
            "grid must be a mapping of keys to lists of values, got "
            f"{type(grid).__name__}."
        )
    total = 1
    for axis, values in grid.items():
        if not isinstance(axis, str) or not _NAME.match(axis):
            raise ValueError(
                f"grid must have keys such as link.coderate, got {axis!r}."
            )
        if not isinstance(values, list) or not values:
            raise ValueError(f"grid.{axis} must be a list of values, got {values!r}.")
        if axis in RESERVED:
            raise ValueError(
                f"grid.{axis} must not be called like a column of results."
            )
        total *= len(values)
    if total > _MAX_POINTS:
        raise ValueError(f"grid must have at most {_MAX_POINTS} points, got {total}.")


def _settings(axis: str, value: Any) -> tuple[dict[str, Any], str]:
    """Return the keys that a value of an axis sets, and how it is called."""
    if not isinstance(value, dict):
        shown = str(value)
        return {axis: value}, shown if len(shown) <= 60 else shown[:57] + "..."
    if not isinstance(value.get("name"), str):
        raise ValueError(
            f"grid.{axis} must give a name to each of its mappings, got {value!r}."
        )
    if len(value) == 1:
        raise ValueError(f"grid.{axis} must set a key in {value['name']}, it has none.")
    return {key: new for key, new in value.items() if key != "name"}, value["name"]


def _set(data: Any, key: str, value: Any) -> None:
    """Set a dotted key, whose parents must be there, in place."""
    *parents, last = key.split(".")
    for part in parents:
        data = _child(data, part, key)
    if isinstance(data, list):
        _child(data, last, key)
        data[int(last)] = value
    elif isinstance(data, dict):
        data[last] = value
    else:
        raise ValueError(
            f"grid: {key} must lie in a mapping or list of the simulation."
        )


def _child(data: Any, part: str, key: str) -> Any:
    if isinstance(data, dict) and part in data:
        return data[part]
    if isinstance(data, list) and part.isdigit() and int(part) < len(data):
        return data[int(part)]
    raise ValueError(f"grid: {key} must be a key of the simulation, it has no {part}.")
