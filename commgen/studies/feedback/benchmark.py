"""How good reports of few bits are: the parts of the study, in their order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen.studies.feedback import subbands, umi64
from commgen.studies.tables import Asked, Rows, save_tables


@dataclass(frozen=True)
class Part:
    """One question of the study.

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


PARTS = {
    "umi64": Part(umi64.umi64_study, umi64.Umi64Size(), umi64.QUICK),
    "subbands": Part(subbands.subband_study, subbands.SubbandSize(), subbands.QUICK),
}


def feedback_study(
    output: Path, *, seed: int, quick: bool = False, only: str | None = None
) -> dict[str, Rows]:
    """Run the parts, each in a folder of its name, and write their tables.

    Parameters
    ----------
    output
        Folder; ``goals.csv`` lies beside the folders of the parts.
    seed
        Seed of everything.
    quick
        All parts in a minute or so; the figures mean little.
    only
        One of :data:`PARTS`; all where None.

    Returns
    -------
    dict
        Title to rows; what was asked beside what was measured comes last.
    """
    asked, found = Asked(), {}
    for name, part in PARTS.items() if only is None else [(only, PARTS[only])]:
        size = part.quick if quick else part.size
        tables = part.study(output / name, size, seed, asked)
        save_tables(output / name, {_file(t): rows for t, rows in tables.items()})
        found.update(tables)
    save_tables(output, {"goals": asked.rows})
    return {**found, "What was asked": asked.rows} if asked.rows else found


def _file(title: str) -> str:
    return title.lower().replace(" ", "-").replace(",", "")
