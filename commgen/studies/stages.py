"""Steps of a study that are done once, and found again when it goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from commgen._files.whole import read_json, sha256, write_json
from commgen.generative.files import MODEL_FILE

_KEYS = ("depends_on", "result")


class Stages:
    """Results of finished steps, in JSON files of one folder.

    A step is done again where what it depends on is no longer the same.

    Parameters
    ----------
    folder
        Where the files are kept.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def result(self, name: str, depends_on: Any, compute: Callable[[], Any]) -> Any:
        """Return the result of a step, computed or found.

        Parameters
        ----------
        name
            Of the step; a file name.
        depends_on
            What decides the result, as JSON.
        compute
            Returns the result, as JSON.

        Raises
        ------
        ValueError
            If the file of the step is damaged.
        """
        path = self._folder / f"{name}.json"
        wanted = json.loads(json.dumps(depends_on))
        if path.is_file():
            found = read_json(path)
            if not isinstance(found, dict) or not found.keys() >= {*_KEYS}:
                raise ValueError(
                    f"{path} must hold {' and '.join(_KEYS)}; remove it to do the step "
                    "again."
                )
            if found["depends_on"] == wanted:
                return found["result"]
        result = compute()
        content = {"depends_on": wanted, "result": result}
        write_json(path, content, indent=1)
        return json.loads(json.dumps(result))


def model_digests(folder: Path, names: Any) -> dict[str, str]:
    """Return the SHA-256 of each model's file, by name."""
    return {name: sha256(folder / name / MODEL_FILE) for name in names}
