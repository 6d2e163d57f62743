"""A link with its estimators, ready to simulate any batch."""

import time
from typing import Any

import numpy as np
import tensorflow as tf

from commgen.phy.counts import Block


class Simulator:
    """Simulate batches of one link for several estimators and SNRs.

    Parameters
    ----------
    link
        Link with ``run_batch``, such as :class:`~commgen.phy.Link`.
    estimators
        Name to estimator ``(y, no) -> h_hat, err_var``.
    snr_db : [num_snr], float
        SNRs.
    batch_size
        Slots of a batch.
    """

    def __init__(
        self, link: Any, estimators: dict[str, Any], snr_db: Any, batch_size: int
    ):
        self.link = link
        self.names = list(estimators)
        self.snr_db = np.asarray(snr_db, float)
        self._batch_size = batch_size
        self._timed = {name: _Timed(block) for name, block in estimators.items()}

    def run(self, batch: int, pending: np.ndarray) -> Block:
        """Simulate batch number ``batch`` at the points of ``pending``.

        Parameters
        ----------
        batch
            Number of the batch, at least 0.
        pending : [num_estimators, num_snr], bool
            Points to run; at least one.
        """
        counts, seconds = {}, {}
        timed = list(self._timed.values())
        spent = [block.seconds for block in timed]
        results = self.link.run_batch(
            batch, self._batch_size, self.snr_db, self._timed, pending
        )
        for i, j, found in results:
            counts[int(i), int(j)] = found
            seconds[int(i), int(j)] = timed[i].seconds - spent[i]
            spent[i] = timed[i].seconds
        return Block.of(batch, counts, seconds)


class _Timed:
    """An estimator as a graph, that counts the CPU time it takes."""

    def __init__(self, block: Any):
        self.is_genie = getattr(block, "is_genie", False)
        self.seconds = 0.0
        self._function = tf.function(block, autograph=False)
        self._traced: set[Any] = set()

    def __call__(self, y, no):
        if y.shape not in self._traced:  # tracing is not the estimator's cost
            self._function(y, no)
            self._traced.add(y.shape)
        start = time.process_time()
        h_hat, err_var = self._function(y, no)
        self.seconds += time.process_time() - start
        return h_hat, err_var
