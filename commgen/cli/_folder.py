"""The folder of a command that goes on where it was."""

import json
from pathlib import Path
from typing import Any

from commgen._files import write_text


def claim_folder(output: Path, settings: dict[str, Any], what: str) -> None:
    """Take a folder, or refuse one whose parts would be taken for this command's.

    Parameters
    ----------
    output
        New, empty, or of the same command with the same settings.
    settings
        What decides the results, as JSON; kept in ``WHAT.json``.
    what
        "demo" or "study".

    Raises
    ------
    ValueError
        If the folder holds something else.
    """
    path = output / f"{what}.json"
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found != settings:
            raise ValueError(
                f"output {output} holds a {what} with {found}, this one has "
                f"{settings}: choose another folder, or remove it."
            )
    elif output.exists() and any(output.iterdir()):
        raise ValueError(f"output {output} must be new, empty or a {what}'s folder.")
    write_text(path, json.dumps(settings) + "\n")
