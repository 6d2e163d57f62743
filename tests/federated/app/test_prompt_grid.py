"""Replies of nodes, and what a SuperLink says in their place."""

import time

import pytest

pytest.importorskip("flwr")

import commgen.federated.flower  # noqa: F401 (before flwr)

# isort: split
from flwr.app import Error, Message, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.task_identity import TaskIdentity

from commgen.federated.app.prompt_grid import PromptGrid

SUPERLINK = 1


class Link(Grid):
    """A SuperLink whose nodes answer after so many looks; None: they never do."""

    def __init__(self, looks, gone=()):
        self._looks, self._gone = looks, gone
        self.sent = {}
        self.num_looks = 0

    def push_messages(self, messages):
        self.sent = {f"id-{m.metadata.dst_node_id}": m for m in messages}
        return list(self.sent)

    def pull_messages(self, message_ids):
        self.num_looks += 1
        for number in message_ids:
            message = self.sent[number]
            node = message.metadata.dst_node_id
            if node in self._gone:
                yield reply(message, number, SUPERLINK, Error(5, "Node Unavailable"))
            elif self._looks[node] is not None and self._looks[node] <= self.num_looks:
                yield reply(message, number, node)

    def get_node_ids(self):
        return iter(self._looks)

    run = property(lambda self: None)

    def send_and_receive(self, messages, *, timeout=None):
        raise NotImplementedError

    def set_run(self, run):
        raise NotImplementedError

    def create_message(self, *args, **options):
        raise NotImplementedError


def reply(message, number, node, error=None):
    found = Message(error or RecordDict(), reply_to=message)
    found.metadata.__dict__.update(_reply_to_message_id=number, _src_node_id=node)
    return found


@pytest.fixture(autouse=True)
def identity(monkeypatch):
    for name in ("_task_id", "_run_id", "_node_id"):
        monkeypatch.setattr(TaskIdentity, name, SUPERLINK)
    monkeypatch.setattr("commgen.federated.app.prompt_grid._LOOK_S", 0.01)


def ask(link, timeout=None):
    grid = PromptGrid(link)
    messages = [Message(RecordDict(), node, "train") for node in grid.get_node_ids()]
    replies = grid.send_and_receive(messages, timeout=timeout)
    return grid, [reply.metadata.src_node_id for reply in replies]


def test_it_looks_until_all_have_answered():
    link = Link({11: 3, 12: 1})
    assert ask(link)[1] == [12, 11]
    assert link.num_looks == 3


def test_a_node_that_is_gone_is_late_and_nobody_waits_for_it():
    grid, there = ask(Link({11: 1, 12: None}, gone=[12]), timeout=30)
    assert there == [11]
    assert grid.late == {12: "it is gone: no heartbeat for a minute"}


def test_who_does_not_answer_is_waited_for_so_long():
    link = Link({11: 1, 12: None})
    started = time.monotonic()
    grid, there = ask(link, timeout=0.2)
    assert there == [11]
    assert grid.late == {}
    assert 0.2 <= time.monotonic() - started < 20


def test_messages_expire_when_nobody_waits_any_more():
    link = Link({11: 1})
    ask(link, timeout=30)
    assert link.sent["id-11"].metadata.ttl == pytest.approx(31)
