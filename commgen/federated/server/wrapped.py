"""A Flower ``Grid`` around another one."""

from collections.abc import Iterable
from typing import Any

from flwr.app import Message
from flwr.serverapp import Grid


class WrappedGrid(Grid):
    """Hands all to the grid within; whoever wraps one sees to sending and receiving.

    Parameters
    ----------
    grid
        The grid within.
    """

    def __init__(self, grid: Grid):
        self._grid = grid

    def get_node_ids(self) -> list[int]:
        """Return the ids of the nodes that are connected."""
        return list(self._grid.get_node_ids())

    @property
    def run(self) -> Any:
        """Of the grid within."""
        return self._grid.run

    def set_run(self, run: Any) -> None:
        """As of the grid within."""
        self._grid.set_run(run)

    def create_message(self, *args: Any, **options: Any) -> Message:
        """As of the grid within."""
        return self._grid.create_message(*args, **options)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """As of the grid within, and as unchecked."""
        return self._grid.push_messages(messages)

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """As of the grid within, and as unchecked."""
        return self._grid.pull_messages(message_ids)
