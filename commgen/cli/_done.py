"""The one rule of all verbs that write: what is done is said, nothing else replaced."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

import commgen.datasets as sets
from commgen._console import say
from commgen._files.made import difference, same_settings
from commgen._files.outputs import check_output

ForceOption = Annotated[
    bool,
    typer.Option(
        "--force", help="Replace what is there, or begin anew what was finished."
    ),
]


def already_made(
    output: Path,
    made: str,
    read: Callable[[Path], str | None],
    *,
    force: bool,
    goes_on: bool = False,
    own: bool = False,
) -> bool:
    """Return whether a file is there that this very command made; say so.

    Parameters
    ----------
    output
        The file.
    made
        What this command is, of :func:`~commgen._files.made.made_by`.
    read
        Returns what made a file of this kind, or raises ValueError where it is damaged.
    force
        Let it be replaced, whatever it is.
    goes_on
        Whether it may also be replaced where this command made it of earlier inputs.
    own
        Whether it may also be replaced where nobody tells what made it.

    Raises
    ------
    ValueError, OSError
        If ``output`` cannot be written.
    FileExistsError
        If there is another file, and no ``force``.
    """
    check_output(output)
    if force or not output.exists():
        return False
    try:
        there = read(output)
        told = difference(there, made)
    except ValueError:
        there, told = None, "damaged, or no file of this kind"
    if there == made:
        say_done(output)
        return True
    if (own and there is None) or (goes_on and same_settings(there, made)):
        return False
    raise FileExistsError(f"{output} exists ({told}); --force replaces it.")


def channels_made(path: Path) -> str | None:
    """Return what made a channel file that is sound."""
    with sets.ChannelFile.open(path) as file:
        file.verify()
        return file.made


def say_done(output: Path) -> None:
    """Say that there is nothing left to do."""
    say(f"already done: {output}")
