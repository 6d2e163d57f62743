"""What a node must not forget between rounds, and not take for a later round."""

import re
from pathlib import Path

import numpy as np

from commgen._files.npz import read_npz, write_npz

Arrays = dict[str, np.ndarray]
# The state before a round and the one after: the last question may come again.
_KEPT = 2
_FILE = re.compile(r"^after-(\d+)\.npz$")


class Memory:
    """A node's own state after the last rounds in which it was asked.

    Parameters
    ----------
    folder
        Where it is kept; None: in memory.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder
        self._states: dict[int, Arrays] = {}

    def before(self, round: int) -> Arrays:
        """Return the state after the last round before this one; empty at first."""
        earlier = [r for r in self._rounds() if r < round]
        return self._read(max(earlier)) if earlier else {}

    def keep(self, round: int, state: Arrays) -> None:
        """Keep the state after a round; those of later rounds are of a past life."""
        self._write(round, state)
        for other in sorted(self._rounds()):
            if other > round or other < self._oldest(round):
                self._drop(other)

    def _oldest(self, round: int) -> int:
        """Return the first round whose state is still of use after this one."""
        rounds = sorted(r for r in self._rounds() if r <= round)
        return rounds[-_KEPT:][0]

    def _rounds(self) -> list[int]:
        if self.folder is None:
            return [*self._states]
        if not self.folder.is_dir():
            return []
        found = [_FILE.match(path.name) for path in self.folder.iterdir()]
        return [int(match[1]) for match in found if match]

    def _read(self, round: int) -> Arrays:
        if self.folder is None:
            return dict(self._states[round])
        return read_npz(self._path(self.folder, round))

    def _write(self, round: int, state: Arrays) -> None:
        if self.folder is None:
            self._states[round] = dict(state)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        write_npz(self._path(self.folder, round), state)

    def _drop(self, round: int) -> None:
        if self.folder is None:
            del self._states[round]
        else:
            self._path(self.folder, round).unlink(missing_ok=True)

    @staticmethod
    def _path(folder: Path, round: int) -> Path:
        return folder / f"after-{round}.npz"
