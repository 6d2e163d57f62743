"""Signals that end a process: in an orderly way, and not inside a library's call."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(SystemExit):
    """A signal has ended the process; its exit code is that of a shell."""

    def __init__(self, number: int):
        super().__init__(128 + number)
        self.name = signal.Signals(number).name


@contextmanager
def orderly_end() -> Iterator[None]:
    """Turn the signals that end a process into :class:`Ended`, as long as it lasts.

    What was begun is then left by its ``finally``. A signal that is ignored, as under
    ``nohup``, stays ignored.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise Ended(number)

    with _handled_by(end):
        yield


@contextmanager
def held_signals() -> Iterator[None]:
    """Hold the signals that end a process until the block is done.

    For libraries that call back into Python and cannot bear an exception there, as HDF5
    while it writes.
    """
    waiting: list[int] = []
    try:
        with _handled_by(lambda number, frame: waiting.append(number)):
            yield
    finally:
        for number in dict.fromkeys(waiting):
            signal.raise_signal(number)


@contextmanager
def _handled_by(handler: Any) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals in its main thread alone
        return
    before = {}
    try:
        for number in _ENDING:
            old = signal.getsignal(number)
            if old not in (signal.SIG_IGN, None):
                before[number] = old
                signal.signal(number, handler)
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
