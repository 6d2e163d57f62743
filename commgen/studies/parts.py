"""Studies of several questions: parts that run alone or one after the other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen.studies.tables import Asked, Rows, save_tables


@dataclass(frozen=True)
class Part:
    """One question of a study.

    Parameters
    ----------
    study
        ``(output, size, seed, asked)`` -> title to rows.
    size, quick
        How much: for figures, and for a look.
    """

    study: Callable[[Path, Any, int, Asked], dict[str, Rows]]
    size: Any
    quick: Any


#: What makes each part, by name: its modules load when it runs.
Parts = Mapping[str, Callable[[], Part]]


def run_parts(
    parts: Parts, output: Path, *, seed: int, quick: bool, only: str | None
) -> dict[str, Rows]:
    """Run parts, each in a folder of its name, and write their tables.

    Parameters
    ----------
    parts
        In their order.
    output
        Folder; ``goals.csv`` lies beside the folders of the parts.
    seed
        Seed of everything.
    quick
        For a look; the figures mean little.
    only
        One of ``parts``; all where None.

    Returns
    -------
    dict
        Title to rows; what was asked beside what was measured comes last.
    """
    asked, found = Asked(), {}
    for name in parts if only is None else [only]:
        part = parts[name]()
        size = part.quick if quick else part.size
        tables = part.study(output / name, size, seed, asked)
        save_tables(output / name, {_file(t): rows for t, rows in tables.items()})
        found.update(tables)
    if not asked.rows:
        return found
    save_tables(output, {"goals": asked.rows})
    return {**found, "What was asked": asked.rows}


def _file(title: str) -> str:
    return title.lower().replace(" ", "-").replace(",", "")
