"""Decoding once more what failed since messages could not begin."""

import numpy as np

from commgen.coding.code import LDPCCode
from commgen.coding.erasures import ErasureSolver
from commgen.coding.layered import Decoded, LayeredDecoder

_MAX_SOLVERS = 16  # of patterns of what was received: some 1 to 30 MB each


class ErasureRetry:
    """Find by elimination the bits that messages cannot begin with, and decode again.

    Parameters
    ----------
    code
        The code.
    decoder
        Its decoder.
    """

    def __init__(self, code: LDPCCode, decoder: LayeredDecoder):
        self._code, self._decoder = code, decoder
        self._solvers: dict[bytes, ErasureSolver | None] = {}

    def __call__(self, llr: np.ndarray, found: Decoded) -> None:
        """Decode again, in place, what failed.

        Parameters
        ----------
        llr : [num, n_mother], float32
            What was received.
        found
            What the decoder made of it.
        """
        failed = np.flatnonzero(~found.parity_ok)
        received = llr[failed] != 0
        keys = [row.tobytes() for row in np.packbits(received, axis=1)]
        for key in dict.fromkeys(keys):
            these = np.array([i for i, other in enumerate(keys) if other == key])
            solver = self._solver(key, received[these[0]])
            if solver is None:
                continue
            rows = failed[these]
            known = self._decoder.decode(llr[rows], soft=True).llr
            filled = llr[rows]
            filled[:, solver.solved] = np.where(solver.bits(known > 0), 1, -1)
            again = self._decoder.decode(filled, soft=found.llr is not None)
            found.bits[rows], found.parity_ok[rows] = again.bits, again.parity_ok
            if found.llr is not None:
                found.llr[rows] = again.llr

    def _solver(self, key: bytes, received: np.ndarray) -> ErasureSolver | None:
        """Return what finds the bits behind ``received``; the last few are kept."""
        if key not in self._solvers:
            while len(self._solvers) >= _MAX_SOLVERS:
                del self._solvers[next(iter(self._solvers))]
            self._solvers[key] = ErasureSolver.of(self._code, received)
        return self._solvers[key]
