"""A grid that asks often for replies, and notes which nodes went away."""

import time
from collections.abc import Iterable, Mapping

import commgen.federated.flower  # noqa: F401 (quiet)

# isort: split
from flwr.app import Error, Message
from flwr.common.constant import ErrorCode
from flwr.serverapp import Grid

from commgen.federated.records import CONFIG
from commgen.federated.server.wrapped import WrappedGrid
from commgen.federated.tasks import Value

# Flower's own grid looks every three seconds, which is most of a short round. Each look
# is written into the SuperLink's database.
_LOOK_S = 0.5
_REASONS = {
    ErrorCode.MESSAGE_UNAVAILABLE: "its message or reply was lost, or came too late",
    ErrorCode.REPLY_MESSAGE_UNAVAILABLE: "its reply came too late",
    ErrorCode.NODE_UNAVAILABLE: "it is gone: no heartbeat for a minute",
}
#: Messages expire so long after the last moment at which a reply is of use [s].
_MARGIN_S = 1.0


class PromptGrid(WrappedGrid):
    """Wraps Flower's grid of a deployment.

    The SuperLink itself answers in place of a node whose heartbeat it misses (after at
    most 60 s), of a message that has expired, and of one that was lost. Those are no
    replies: whoever they were for is ``late``. Messages expire when their replies are
    of no use any more, so that no node begins with them then.

    Parameters
    ----------
    grid
        Flower's own.
    settings
        Go with each message, beside what it has.
    """

    def __init__(self, grid: Grid, settings: Mapping[str, Value] | None = None):
        super().__init__(grid)
        self._settings = settings or {}
        self.late: dict[int, str] = {}  # node id to reason, of the last question

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> list[Message]:
        """Send messages; return the replies of nodes that came in time."""
        messages = list(messages)
        end = None if timeout is None else time.monotonic() + timeout
        for message in messages:
            if self._settings:
                message.content.config_records[CONFIG].update(self._settings)
            if timeout is not None:
                message.metadata.ttl = timeout + _MARGIN_S
        ids = self._grid.push_messages(messages)
        waiting = {
            message_id: message.metadata.dst_node_id
            for message_id, message in zip(ids, messages, strict=True)
            if message_id
        }
        self.late = {}
        replies = []
        while waiting and (end is None or time.monotonic() < end):
            for reply in self._grid.pull_messages(list(waiting)):
                node_id = waiting.pop(reply.metadata.reply_to_message_id)
                if reply.has_error() and reply.metadata.src_node_id != node_id:
                    self.late[node_id] = _reason(reply.error)
                else:
                    replies.append(reply)
            if waiting:
                time.sleep(_LOOK_S)
        return replies


def _reason(error: Error) -> str:
    """Return why the SuperLink answers in place of a node."""
    return _REASONS.get(error.code, str(error.reason))
