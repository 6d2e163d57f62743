"""An estimator as a graph, with its receiver's options, and the CPU time both take."""

import time
from dataclasses import replace
from typing import Any

import tensorflow as tf

from commgen.phy.receiver.options import options_of


class TimedEstimator:
    """An estimator as a graph, that counts the CPU time it takes.

    Estimating again from data counts too; tracing does not.

    Parameters
    ----------
    block
        Estimator ``(y, no) -> h_hat, err_var``.
    """

    def __init__(self, block: Any):
        self.is_genie = getattr(block, "is_genie", False)
        self.seconds = 0.0
        self._function = tf.function(block, autograph=False)
        self._traced: set[Any] = set()
        options = options_of(block)
        self._refine = options.refine
        self.receiver = replace(
            options, refine=self._timed_refine if options.refine else None
        )

    def __call__(self, y, no):
        """Estimate."""
        if y.shape not in self._traced:  # tracing is not the estimator's cost
            self._function(y, no)
            self._traced.add(y.shape)
        start = time.process_time()
        h_hat, err_var = self._function(y, no)
        self.seconds += time.process_time() - start
        return h_hat, err_var

    def _timed_refine(self, *arguments):
        start = time.process_time()
        found = self._refine(*arguments)
        self.seconds += time.process_time() - start
        return found
