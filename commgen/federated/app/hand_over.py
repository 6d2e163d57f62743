"""A message handed to the worker that a node keeps warm."""

import socket
from pathlib import Path

from commgen.federated.app.wire import NodeError, receive_frame, send_frame

#: How often a worker may die of one message before the node gives it up.
_MAX_DEATHS = 3


def hand_over(path: str | Path, request: bytes) -> bytes:
    """Return what the worker behind a socket answers.

    The socket is its supervisor's, and stays when a worker dies: the message then waits
    there for the next one, and is done again. How long an answer takes is not limited
    here but by the server.

    Parameters
    ----------
    path
        Unix socket.
    request
        Bytes of a task.

    Raises
    ------
    NodeError
        If no supervisor listens, or the worker dies of the message again and again.
    """
    for _ in range(_MAX_DEATHS):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            try:
                connection.connect(str(path))
            except (FileNotFoundError, ConnectionRefusedError) as error:
                raise NodeError(f"the node has ended: nobody is at {path}.") from error
            try:
                send_frame(connection, request)
                return receive_frame(connection)
            except ConnectionError:
                continue  # the worker died
    raise NodeError(f"the worker died of this message {_MAX_DEATHS} times.")
