"""What the studies behind ``commgen benchmark`` share: folder, options, tables."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from commgen import __version__
from commgen._files.claims import claimed_folder
from commgen._files.whole import sha256
from commgen.cli._done import say_done
from commgen.cli._quiet import start_tensorflow
from commgen.cli._tables import Rows, estimator_table, interval_table, table_console
from commgen.generative.files import MODEL_FILE

Output = Annotated[Path, typer.Option("--output", "-o", help="Folder.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything.")]
Quick = Annotated[bool, typer.Option("--quick", help="A look; poor figures.")]
Models = Annotated[
    Path | None,
    typer.Option("--models", help="Folder of models; with --quick small ones serve."),
]
NumChannels = Annotated[
    int | None, typer.Option(min=16, help="Channels that are estimated.")
]
SnrDb = Annotated[float | None, typer.Option(help="SNR of an entry [dB].")]

_BY_SNR = {"estimator", "snr_db", "nmse_db"}
Tables = dict[str, Rows]


def run_study(
    compute: Callable[[], Tables],
    name: str,
    output: Path,
    *,
    of: Any = None,
    force: bool = False,
    **settings: Any,
) -> None:
    """Claim a folder, start TensorFlow, and show what a study finds.

    Parameters
    ----------
    compute
        Does it; returns title to rows.
    name
        Of the sub-command.
    output
        Its folder.
    of
        Digests of what may change while the settings do not.
    force
        Begin anew in a folder of another study, or of this one when it is done.
    settings
        What decides the results; a folder with others is refused.
    """
    told = {"study": name, **settings, "commgen": __version__}
    with claimed_folder(output, told, "study", of=of, force=force) as done:
        if done:
            say_done(output)
            return
        start_tensorflow()
        console, started = table_console(), time.time()
        for title, rows in compute().items():
            console.print(_table(title, rows))
    spent = time.time() - started
    told = f"Done in {spent:.0f} s, written to {output}"
    console.print(told, soft_wrap=True)


def _table(title: str, rows: Rows) -> Any:
    snrs = {row.get("snr_db") for row in rows}
    if set(rows[0]) >= _BY_SNR and len(snrs) > 1 and "case" not in rows[0]:
        return estimator_table(title, rows, promised=True)
    return interval_table(title, rows)


def check_models(
    models: Path | None,
    quick: bool,
    names: Sequence[str],
    command: str,
    data: Sequence[str] = (),
) -> dict[str, str]:
    """Refuse a folder that lacks models, before anything is loaded.

    Parameters
    ----------
    models
        The folder, or None.
    quick
        Whether small models may be trained instead.
    names, data
        Models, and files of channels in its folder ``data``, that are needed.
    command
        What makes such a folder.

    Returns
    -------
    dict
        Digest of each of them, by name; empty without a folder.

    Raises
    ------
    ValueError
        If there is no folder, or something is missing in it.
    """
    if models is None:
        if quick:
            return {}
        raise ValueError(
            f"models must be a folder with {', '.join(names)}, got none; `{command}` "
            "makes it, --models FOLDER names it, and --quick does without."
        )
    missing = [n for n in names if not (models / n / MODEL_FILE).is_file()]
    missing += [n for n in data if not (models / "data" / n).is_file()]
    if missing:
        raise ValueError(
            f"models must be a folder with {', '.join([*names, *data])}, got {models} "
            f"without {', '.join(missing)}; `{command}` makes it."
        )
    files = {name: models / name / MODEL_FILE for name in names}
    files |= {name: models / "data" / name for name in data}
    return {name: sha256(path) for name, path in files.items()}


def sized(size: Any, **given: Any) -> Any:
    """Return a size with what the user gave in place of its own."""
    return replace(size, **{k: v for k, v in given.items() if v is not None})


def numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    """Return the numbers of an option such as ``0,10``; None where it is left out."""
    if text is None:
        return None
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or not all(map(math.isfinite, found)):
        raise ValueError(f"{name} must be numbers, such as 0,10, got {text!r}.")
    return found
