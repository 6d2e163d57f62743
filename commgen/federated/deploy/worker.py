"""A node's warm worker: it keeps TensorFlow and the node loaded between messages."""

import contextlib
import hashlib
import json
import os
import socket
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from commgen.federated.app.fingerprint import check_task, fingerprint
from commgen.federated.app.wire import (
    pack_answer,
    pack_error,
    receive_frame,
    send_frame,
    unpack_task,
)
from commgen.federated.deploy.processes import end_with_parent
from commgen.federated.tasks import Answer, Task

#: Answers that are kept, for messages that come twice.
_NUM_KEPT = 4
#: A ClientApp sends its whole message at once; one that does not is dead [s].
_PATIENCE_S = 60.0


class Worker:
    """Answers requests, and remembers the last answers.

    Flower starts a second process for a message when the first was slow to begin, and
    the server asks again after a failure: the same bytes get the same answer, at once.

    Parameters
    ----------
    answer
        What becomes of a task.
    """

    def __init__(self, answer: Callable[[Task], Answer]):
        self._answer = answer
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    def reply(self, request: bytes) -> bytes:
        """Return the answer to a request, or why there is none."""
        key = hashlib.sha256(request).digest()
        if key not in self._kept:
            try:
                reply = pack_answer(self._answer(unpack_task(request)))
            except Exception as error:  # the server counts it; the node lives on
                return pack_error(f"{type(error).__name__}: {error}")
            self._kept[key] = reply
            while len(self._kept) > _NUM_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]


def serve(listening: socket.socket, answer: Callable[[Task], Answer]) -> None:
    """Answer what comes to a socket, one request at a time, for ever."""
    worker = Worker(answer)
    while True:
        connection, _ = listening.accept()
        # Whoever asked may be gone by now: then the answer waits for the next one.
        with connection, contextlib.suppress(OSError, ValueError):
            connection.settimeout(_PATIENCE_S)
            send_frame(connection, worker.reply(receive_frame(connection)))


def run(load: Callable[[Path, str, Path], Callable[[Task], Answer]]) -> None:
    """Be the worker of a node, as its supervisor has started this process.

    The arguments are descriptors of the listening socket and of a pipe that is told,
    in JSON, when the worker is ready or why not; configuration, node, folder; and the
    supervisor's process.

    Parameters
    ----------
    load
        Takes configuration, node and folder, and returns what answers tasks.
    """
    listening, told, config, name, folder, parent = sys.argv[1:]
    end_with_parent(int(parent))
    with os.fdopen(int(told), "w") as pipe:
        try:
            answer = load(Path(config), name, Path(folder))
        except Exception as error:
            pipe.write(json.dumps({"error": str(error) or type(error).__name__}))
            raise SystemExit(2) from error
        pipe.write(json.dumps({"ready": os.getpid()}))
    serve(socket.socket(fileno=int(listening)), answer)


def load_node(config: Path, name: str, folder: Path) -> Callable[[Task], Answer]:
    """Load TensorFlow, and a node with its channels."""
    from commgen.federated.config import load_federation
    from commgen.federated.nodes.node import Node
    from commgen.federated.server.experiment import one_thread

    one_thread()
    federation = load_federation(config, here=[name])
    node = Node(federation, federation.names.index(name), folder)
    _ = node.data  # what is wrong with it shall be told before the first round
    own = fingerprint(federation)
    return lambda task: node.answer(check_task(task, own))
