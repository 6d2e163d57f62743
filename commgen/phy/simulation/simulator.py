"""A link with its estimators, ready to simulate any batch."""

from typing import Any

import numpy as np

from commgen.montecarlo.counts import CountedBatch
from commgen.phy.simulation.layout import link_layout
from commgen.phy.simulation.timed import TimedEstimator


class Simulator:
    """Simulate batches of one link for several estimators and SNRs.

    Parameters
    ----------
    link
        Link with ``run_batch``, such as :class:`~commgen.phy.Link`.
    estimators
        Name to receiver or estimator, as the link takes them.
    snr_db : [num_snr], float
        SNRs.
    batch_size
        Slots of a batch.

    Attributes
    ----------
    layout
        Estimators over SNR.
    num_blocks
        Codewords of a slot.
    """

    def __init__(
        self, link: Any, estimators: dict[str, Any], snr_db: Any, batch_size: int
    ):
        self.link = link
        self._snr_db = np.asarray(snr_db, float)
        harq = getattr(link, "harq", False)
        self.layout = link_layout(list(estimators), self._snr_db, harq=harq)
        self.num_blocks = link.num_blocks_per_slot
        self._batch_size = batch_size
        self._timed = {
            name: TimedEstimator(block) for name, block in estimators.items()
        }

    def run(self, batch: int, pending: np.ndarray) -> CountedBatch:
        """Simulate batch number ``batch`` at the points of ``pending``.

        Parameters
        ----------
        batch
            Number of the batch, at least 0.
        pending : [num_estimators, num_snr], bool
            Points to run; at least one.
        """
        counts, timed = {}, list(self._timed.values())
        spent = [block.seconds for block in timed]
        receivers = {name: block.receiver for name, block in self._timed.items()}
        results = self.link.run_batch(
            batch, self._batch_size, self._snr_db, receivers, pending
        )
        for i, j, found in results:
            counts[int(i), int(j)] = found.point(
                num_bits=self.link.num_bits_per_slot,
                cpu_seconds=timed[i].seconds - spent[i],
            )
            spent[i] = timed[i].seconds
        return CountedBatch.of(batch, counts)
