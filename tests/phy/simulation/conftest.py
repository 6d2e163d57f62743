"""Runs that are cut off."""

import pytest

from commgen.montecarlo import MonteCarlo


@pytest.fixture
def stopped(monkeypatch):
    """Return a function that interrupts runs behind so many batches."""
    run_batch, batches = MonteCarlo.run_batch, []

    def stop_behind(after):
        def stop(self):
            if len(batches) == after:
                raise KeyboardInterrupt
            batches.append(1)
            run_batch(self)

        monkeypatch.setattr(MonteCarlo, "run_batch", stop)

    return stop_behind
