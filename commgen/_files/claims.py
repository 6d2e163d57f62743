"""Folders that a command takes for its own, goes on in, and finishes."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from commgen._files.made import first_difference
from commgen._files.outputs import check_output_folder
from commgen._files.whole import check_folder, read_json, write_text

_DONE = "done"


@contextmanager
def claimed_folder(
    output: Path,
    settings: dict[str, Any],
    what: str,
    *,
    of: Any = None,
    force: bool = False,
    goes_on: bool = True,
) -> Iterator[bool]:
    """Take a folder while a command works in it, and note at the end that it is done.

    If the block fails before it has written anything the folder is as it was; if it
    cannot go on where it was, in any case.

    Parameters
    ----------
    output, settings, what, of, force
        As of :func:`claim_folder`.
    goes_on
        Whether what a block that failed has written is of use to the next one.

    Yields
    ------
    bool
        Whether it was done before.
    """
    missing = [p for p in (output, *output.parents) if not os.path.lexists(p)]
    done = claim_folder(output, settings, what, of=of, force=force)
    try:
        yield done
    except BaseException:
        if not done and (not goes_on or os.listdir(output) == [f"{what}.json"]):
            clear_folder(output, f"{what}.json")
            for folder in missing:
                folder.rmdir()
        raise
    if not done:
        finish_folder(output, what, of)


def claim_folder(
    output: Path,
    settings: dict[str, Any],
    what: str,
    *,
    of: Any = None,
    force: bool = False,
) -> bool:
    """Take a folder for a command that goes on where it was.

    Parameters
    ----------
    output
        New, empty, or of the same command with the same settings.
    settings
        What decides the results, as JSON; kept in ``WHAT.json``.
    what
        "demo" or "study".
    of
        What is to be done there, as JSON: such as parts, or digests of inputs that may
        change.
    force
        Begin anew in a folder of the same command that is finished, or has other
        settings; what is in it is removed.

    Returns
    -------
    bool
        Whether it is all done: :func:`finish_folder` was told the same ``of``, and no
        file has gone since.

    Raises
    ------
    ValueError
        If the folder holds something else.
    OSError
        If it cannot be written to.
    """
    path, text = output / f"{what}.json", json.dumps(settings) + "\n"
    check_output_folder(output)
    known = _read(path)
    same = known is not None and known[0] == json.loads(text)
    done = same and known is not None and _is_done(output, known[1], of)
    if force and known is not None and (done or not same):
        clear_folder(output, path.name)
        write_text(path, text)
        return False
    if known is None:
        check_folder(output, what, path.name)
        write_text(path, text)
    elif not same:
        told = first_difference(known[0], json.loads(text))
        raise ValueError(
            f"{output} holds a {what} of another configuration ({told}); --force "
            "begins it anew, or choose another folder."
        )
    return done


def finish_folder(output: Path, what: str, of: Any = None) -> None:
    """Note that a command has done all there was to do in its folder."""
    path = output / f"{what}.json"
    files = sorted(p.name for p in output.iterdir() if p.is_file() and p != path)
    settings = {k: v for k, v in read_json(path).items() if k != _DONE}
    done = {"of": of, "files": files}
    write_text(path, json.dumps({**settings, _DONE: done}) + "\n")


def clear_folder(folder: Path, marker: str) -> None:
    """Empty a folder, last of the file that tells whose it is."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name == marker):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _read(path: Path) -> tuple[dict[str, Any], Any] | None:
    """Return the settings of a claim, and what it says is done."""
    if not path.is_file():
        return None
    found = read_json(path)
    if not isinstance(found, dict):
        raise ValueError(f"{path} must hold a JSON object.")
    done = found.pop(_DONE, None)
    return found, done


def _is_done(output: Path, done: Any, of: Any) -> bool:
    if not isinstance(done, dict) or done.get("of") != json.loads(json.dumps(of)):
        return False
    return all((output / name).is_file() for name in done.get("files", []))
