"""The files of an evaluation: report.csv, report.png, card.json and downstream.csv."""

import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from commgen._files.tables import write_csv
from commgen._files.whole import write_json
from commgen.evaluation.figure import save_report_figure
from commgen.evaluation.run import Evaluation
from commgen.montecarlo.paths import relative

_PACKAGES = ("commgen", "keras", "numpy", "pot", "scikit-learn", "scipy", "tensorflow")


def save_evaluation(folder: str | Path, found: Evaluation) -> None:
    """Write an evaluation to a folder, the card last.

    ``report.csv`` has a row for each source, ``report.png`` the picture, ``card.json``
    versions, inputs and cost; ``exchange.csv`` and ``link.csv`` the downstream tasks,
    where they were run.

    Parameters
    ----------
    folder
        Made where it is not there; files of these names are replaced.
    found
        Of :func:`~commgen.evaluation.run_evaluation`.
    """
    folder = Path(folder)
    report, exchange, link = found.report, found.exchange, found.link
    write_csv(folder / "report.csv", report.rows)
    save_report_figure(folder / "report.png", report, found.title)
    facts: dict[str, Any] = {"notes": list(report.notes), **_near(found.card, folder)}
    if exchange is not None:
        write_csv(folder / "exchange.csv", [asdict(row) for row in exchange.rows])
        facts["exchange"] = {
            "num_train": exchange.num_train,
            "strength": exchange.strength,
        }
    if link is not None:
        write_csv(folder / "link.csv", link.rows)
        facts["link"] = [_plain(asdict(gap)) for gap in link.gaps]
    facts["versions"] = {
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }
    write_json(folder / "card.json", facts)


def _near(card: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a card with its paths relative to the folder in which it will lie."""
    inputs = card["inputs_sha256"].items()
    return {
        **card,
        "candidate": relative(card["candidate"], folder),
        "inputs_sha256": {relative(path, folder): sha for path, sha in inputs},
    }


def _plain(value: Any) -> Any:
    """Turn NaN, which JSON does not have, into None."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return None if value != value else value
