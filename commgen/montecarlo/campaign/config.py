"""A grid over the parameters of an experiment, as one YAML file."""

import contextlib
import copy
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files.yaml_file import read_yaml, write_yaml
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.paths import (
    absolute,
    change_paths,
    relative,
    resolve_paths,
    set_value,
)

_MAX_POINTS = 10_000
_NAME = re.compile(r"^[A-Za-z][\w.-]*$")


@dataclass(frozen=True)
class GridPoint:
    """One experiment of a campaign.

    Parameters
    ----------
    labels
        Name of each axis of the grid to the value here, as it is shown.
    experiment
        The experiment.
    """

    labels: dict[str, str]
    experiment: Experiment

    @property
    def title(self) -> str:
        """The labels in one line."""
        return ", ".join(f"{name}={value}" for name, value in self.labels.items())


@dataclass(frozen=True)
class CampaignConfig:
    """The experiments of a campaign: the product of all axes of its grid.

    Parameters
    ----------
    base
        Plain values of the experiment that the points vary.
    grid
        Axes. Either a dotted key of the experiment to a list of its values, or a name
        of one's own to a list of mappings, each with a ``name`` and the dotted keys
        that it sets together.
    points
        The experiments, the last axis fastest.
    """

    base: dict[str, Any]
    grid: dict[str, list[Any]]
    points: tuple[GridPoint, ...]

    @classmethod
    def of(
        cls, base: dict[str, Any], grid: Any, kind: type[Experiment]
    ) -> "CampaignConfig":
        """Lay out the grid and validate every point, an experiment of ``kind``.

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
        check_grid(grid, reserved=kind.reserved)
        grid = {axis: _named(axis, grid[axis], base, kind) for axis in grid}
        points = []
        for labels, settings in grid_points(grid):
            changed = copy.deepcopy(base)
            for key, new in settings.items():
                set_value(changed, key, copy.deepcopy(new))
            title = ", ".join(f"{name}={label}" for name, label in labels.items())
            try:
                points.append(GridPoint(labels, kind.parse(changed)))
            except ValueError as error:
                raise ValueError(f"grid point {title}: {error}") from None
        for point in points[:1]:
            check_grid(grid, reserved=_columns(point.experiment))
        titles = [point.title for point in points]
        if len(set(titles)) < len(titles):
            raise ValueError("grid must have values that differ on every axis.")
        return cls(base, grid, tuple(points))

    @property
    def kind(self) -> type[Experiment]:
        """Class of the experiments."""
        return type(self.points[0].experiment)

    def dump(self, folder: Path | None = None) -> str:
        """Return the campaign as YAML; :func:`load_campaign` reads it.

        Parameters
        ----------
        folder
            Where it will lie: its paths are relative to that. None: as they are.
        """
        base, grid = copy.deepcopy(self.base), self.grid
        if folder is not None:
            grid = _change_grid(
                grid, base, self.kind, lambda path: relative(path, folder)
            )
            change_paths(base, self.kind.path_keys, lambda path: relative(path, folder))
        return write_yaml({**base, "grid": grid})


def load_campaign(
    path: str | Path, kind: type[Experiment]
) -> CampaignConfig | Experiment:
    """Read a configuration: a campaign if it has a ``grid``, else an experiment.

    Parameters
    ----------
    path
        YAML file; paths in it are relative to its folder.
    kind
        Class of the experiment.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no YAML, or as ``kind.parse`` and :meth:`CampaignConfig.of`.
    """
    data = read_yaml(path)
    folder = Path(path).resolve().parent
    grid = data.pop("grid", None) if isinstance(data, dict) else None
    resolve_paths(data, folder, kind.path_keys)
    if grid is None:
        return kind.parse(data)
    check_grid(grid, reserved=kind.reserved)
    grid = {axis: _named(axis, grid[axis], data, kind) for axis in grid}
    grid = _change_grid(grid, data, kind, lambda path: absolute(path, folder))
    return CampaignConfig.of(data, grid, kind)


def grid_points(grid: Any) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Yield the labels of each point, and the dotted keys that it sets."""
    for values in itertools.product(*grid.values()):
        labels, settings = {}, {}
        for axis, value in zip(grid, values, strict=True):
            changes, labels[axis] = _settings(axis, value)
            settings |= changes
        yield labels, settings


def _change_grid(
    grid: dict[str, list[Any]],
    base: Any,
    kind: type[Experiment],
    change: Callable[[str], str],
) -> dict[str, list[Any]]:
    """Return a grid with other paths."""
    return {
        axis: [_changed(axis, value, base, kind, change) for value in values]
        for axis, values in grid.items()
    }


def _changed(
    axis: str, value: Any, base: Any, kind: type[Experiment], change: Any
) -> Any:
    settings, _ = _settings(axis, value)
    paths = _paths(settings, base, kind)
    moved = {key: change(settings[key]) for key in paths}
    return {**value, **moved} if isinstance(value, dict) else moved.get(axis, value)


def _named(axis: str, values: Any, base: Any, kind: type[Experiment]) -> list[Any]:
    """Give paths on an axis the names by which tables call them: not where they lie."""
    bare = [
        not isinstance(value, dict) and bool(_paths({axis: value}, base, kind))
        for value in values
    ]
    names = [Path(v).name if own else v for v, own in zip(values, bare, strict=True)]
    if not any(bare) or any(names.count(name) > 1 for name in names):
        return values
    return [
        {"name": name, axis: value} if own else value
        for value, name, own in zip(values, names, bare, strict=True)
    ]


def _paths(settings: dict[str, Any], base: Any, kind: type[Experiment]) -> list[str]:
    """Return the keys among those that a value sets that name files or folders."""
    changed = copy.deepcopy(base)
    for key, new in settings.items():
        with contextlib.suppress(ValueError):  # another axis may make its parent
            set_value(changed, key, new)
    paths = {*kind.path_keys(base), *kind.path_keys(changed)}
    return [k for k, new in settings.items() if k in paths and isinstance(new, str)]


def check_grid(grid: Any, *, reserved: frozenset[str] = frozenset()) -> None:
    """Raise ValueError unless a grid maps names to lists of values."""
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
        if axis in reserved:
            raise ValueError(
                f"grid.{axis} must not be called like a column of results."
            )
        total *= len(values)
    if total > _MAX_POINTS:
        raise ValueError(f"grid must have at most {_MAX_POINTS} points, got {total}.")


def _columns(experiment: Experiment) -> frozenset[str]:
    tables = [*experiment.tables.values(), experiment.layout.reading_columns]
    return frozenset(name for columns in tables for name in columns)


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
