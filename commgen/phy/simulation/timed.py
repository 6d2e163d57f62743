"""A receiver as a graph, and the CPU time that it takes."""

import time
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from commgen.phy.receiver.kinds import as_receiver, gives_llr


class TimedEstimator:
    """A receiver as a graph, that counts the CPU time it takes.

    Estimating again from data counts too; tracing does not.

    Parameters
    ----------
    block
        Receiver of either kind, or an estimator ``(y, no) -> h_hat, err_var`` alone.

    Attributes
    ----------
    receiver
        What a link is given, of the kind of ``block``.
    seconds
        CPU time so far.
    """

    def __init__(self, block: Any):
        self.seconds = 0.0
        receiver = as_receiver(block)
        self.receiver: Any
        if gives_llr(receiver):
            self.receiver = _Receiver(self._graph(receiver.receive))
            return
        refine, correct = receiver.refine, receiver.correct
        self.receiver = replace(
            receiver,
            estimator=_Estimator(self._graph(receiver.estimator), receiver.is_genie),
            refine=None if refine is None else self._timed(refine),
            correct=None if correct is None else self._timed(correct),
        )

    def _graph(self, function):
        graph = tf.function(function, autograph=False)
        timed, traced = self._timed(graph), set()

        def call(y, no):
            if y.shape not in traced:  # tracing is not the receiver's cost
                graph(y, no)
                traced.add(y.shape)
            return timed(y, no)

        return call

    def _timed(self, function):
        def call(*arguments):
            start = time.process_time()
            found = function(*arguments)
            self.seconds += time.process_time() - start
            return found

        return call


@dataclass(frozen=True)
class _Estimator:
    call: Any
    is_genie: bool

    def __call__(self, y, no):
        return self.call(y, no)


@dataclass(frozen=True)
class _Receiver:
    receive: Any
