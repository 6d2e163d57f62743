"""Lays the descriptions of the blocks where GNU Radio Companion looks for them."""

import os
from pathlib import Path

from commgen._files.outputs import check_output_folder
from commgen._files.whole import write_text

HERE = Path(__file__).parent
#: Of GNU Radio 3.10; the environment variable names more folders.
USUAL_FOLDER = Path(".grc_gnuradio")
SEARCHED = "GRC_BLOCKS_PATH"


def install_grc(folder: Path | None = None) -> list[Path]:
    """Write the descriptions of all blocks, and the flowgraphs beside them.

    Parameters
    ----------
    folder
        Where to; None for ``~/.grc_gnuradio``, where Companion looks by itself. A file
        of the same name is replaced.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    OSError, ValueError
        If nothing can be written there.
    """
    target = Path.home() / USUAL_FOLDER if folder is None else folder
    check_output_folder(target)
    written = []
    for source in sorted([*HERE.glob("*.block.yml"), *flowgraphs()]):
        written.append(target / source.relative_to(HERE))
        write_text(written[-1], source.read_text(encoding="utf-8"))
    return written


def flowgraphs() -> list[Path]:
    """Return the flowgraphs that come with the package."""
    return sorted((HERE / "flowgraphs").glob("*.grc"))


def is_searched(folder: Path) -> bool:
    """Return whether Companion would look into a folder."""
    searched = [Path.home() / USUAL_FOLDER]
    searched += map(Path, filter(None, os.environ.get(SEARCHED, "").split(os.pathsep)))
    return folder.resolve() in [path.resolve() for path in searched]
