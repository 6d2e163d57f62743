"""What became of a question: a line of the server, read by the command that waits."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

#: Begins such a line; the rest is JSON.
ROW = "commgen-row "


def tell(row: dict[str, Any]) -> None:
    """Print what became of a question."""
    print(ROW + json.dumps(row, default=float), flush=True)


def rows(parts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows in what a server printed, which comes in parts of any length."""
    rest = ""
    for part in parts:
        *lines, rest = (rest + part).split("\n")
        for line in lines:
            if line.startswith(ROW):
                yield json.loads(line.removeprefix(ROW))
