"""Signals end a process in an orderly way, but not inside a library."""

import os
import signal

import pytest

from commgen._signals import Ended, held_signals, orderly_end


@pytest.mark.parametrize(
    ("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)]
)
def test_what_was_begun_is_left_in_order(name, code):
    steps, before = [], signal.getsignal(signal.SIGTERM)

    def work():
        try:
            os.kill(os.getpid(), signal.Signals[name])
            steps.append("went on")
        finally:
            steps.append("left")

    with pytest.raises(Ended) as end, orderly_end():
        work()
    assert steps == ["left"]
    assert end.value.code == code
    assert end.value.name == name
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("error", [None, ValueError("damaged")])
def test_a_signal_waits_for_the_end_of_the_block(error):
    steps = []

    def work():
        os.kill(os.getpid(), signal.SIGTERM)
        steps.append("went on")
        if error is not None:
            raise error

    with pytest.raises(Ended), orderly_end(), held_signals():
        work()
    assert steps == ["went on"]


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with orderly_end(), held_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
