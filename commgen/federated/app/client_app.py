"""The node's side of the Flower app: no TensorFlow where a worker answers."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import commgen.federated.flower  # noqa: F401 (quiet)

# isort: split
from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from commgen.federated.app.fingerprint import check_task, fingerprint
from commgen.federated.app.hand_over import hand_over
from commgen.federated.app.wire import pack_task, unpack_answer
from commgen.federated.records import answer_record, read_task
from commgen.federated.tasks import Answer, Task

if TYPE_CHECKING:
    from commgen.federated.nodes.node import Node

#: Key of a node's configuration: the socket of its worker.
WORKER = "worker"
#: Key that Flower's simulation sets.
PARTITION = "partition-id"
#: Keys of the run's configuration.
CONFIG, FOLDER = "federation", "output"

app = ClientApp()


@app.query()
@app.train()
@app.evaluate()
def answer(message: Message, context: Context) -> Message:
    """Answer a message by the node's worker; in a simulation, by this process.

    Flower starts a process for every message, and drops it if it is not up within 30 s:
    so a node keeps one worker, and this hands over.
    """
    task = read_task(message.content)
    if WORKER in context.node_config:
        request = pack_task(task, context.run_id)
        found = unpack_answer(hand_over(str(context.node_config[WORKER]), request))
    else:
        found = answer_here(task, context)
    return Message(answer_record(found), reply_to=message)


def answer_here(task: Task, context: Context) -> Answer:
    """Answer a task in this process, which is then kept by Flower's simulation."""
    config, folder = (str(context.run_config[key]) for key in (CONFIG, FOLDER))
    node, own = _node(config, int(context.node_config[PARTITION]), folder)
    return node.answer(check_task(task, own))


@cache
def _node(config: str, index: int, folder: str) -> tuple["Node", str]:
    from commgen.federated.app.configuration import load_named
    from commgen.federated.nodes.node import Node
    from commgen.federated.server.experiment import one_thread

    one_thread()
    federation = load_named(Path(config))
    home = Path(folder) / "nodes" / federation.names[index]
    return Node(federation, index, home), fingerprint(federation)
