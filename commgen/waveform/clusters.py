"""A demapper that knows where an amplifier puts each symbol."""

from dataclasses import dataclass

import numpy as np

from commgen.coding.compiled import compiled

_TINY = 1e-30
# Logarithm of a share that changes no LLR below 30 by more than 1e-4.
_NEGLIGIBLE = -40.0


@dataclass(frozen=True)
class Clusters:
    """Mean and variance of what arrives of each symbol, without the noise.

    Outer symbols are compressed more than inner ones. A receiver measures that once,
    with symbols that it knows, and takes what is left for Gaussian.

    Parameters
    ----------
    centres : [2**num_bits_per_symbol], complex128
        In the order of the labels.
    variances : [2**num_bits_per_symbol], float64
        Of what the other symbols do to each.
    """

    centres: np.ndarray
    variances: np.ndarray

    @classmethod
    def of(cls, y: np.ndarray, labels: np.ndarray, size: int) -> "Clusters":
        """Measure them.

        Parameters
        ----------
        y : [...], complex
            Received, without noise.
        labels : as y, int
            What was sent, 0 to ``size`` - 1; each at least once.
        size
            Points of the constellation.

        Raises
        ------
        ValueError
            If a label is missing.
        """
        y, labels = np.asarray(y).ravel(), np.ravel(labels)
        count = np.bincount(labels, minlength=size)
        if count.min() < 1:
            raise ValueError(
                f"labels must have each of {size}, got none of {int(count.argmin())}."
            )
        real, imag = (np.bincount(labels, p, size) for p in (y.real, y.imag))
        centres = (real + 1j * imag) / count
        power = np.abs(y - centres[labels]) ** 2
        return cls(centres, np.bincount(labels, power, size) / count)

    def llr(self, y: np.ndarray, no: float) -> np.ndarray:
        """Return bit log-likelihood ratios, all symbols being equally likely.

        Parameters
        ----------
        y : [...], complex
            Received.
        no
            Variance of the noise in them.

        Returns
        -------
        [..., num_bits_per_symbol], float64
            ln p(1) / p(0), the first bit of the labels first.
        """
        y = np.asarray(y, np.complex128)
        num_bits = len(self.centres).bit_length() - 1
        out = np.empty((y.size, num_bits))
        variances = np.maximum(self.variances + no, _TINY)
        _cluster_llr(y.ravel(), self.centres, variances, out)
        return out.reshape(*y.shape, num_bits)


@compiled
def _cluster_llr(y, centres, variances, out):
    num_bits, size = out.shape[1], len(centres)
    inverse, offset = 1 / variances, -np.log(variances)
    score, sums = np.empty(size), np.empty((num_bits, 2))
    for k in range(len(y)):
        largest = -np.inf
        for c in range(size):
            d = y[k] - centres[c]
            score[c] = offset[c] - (d.real * d.real + d.imag * d.imag) * inverse[c]
            largest = max(largest, score[c])
        sums[:] = 0.0
        for c in range(size):
            if score[c] - largest > _NEGLIGIBLE:
                e = np.exp(score[c] - largest)
                for i in range(num_bits):
                    sums[i, c >> (num_bits - 1 - i) & 1] += e
        for i in range(num_bits):
            if sums[i, 0] > 0.0 and sums[i, 1] > 0.0:
                out[k, i] = np.log(sums[i, 1] / sums[i, 0])
            else:  # one of them is negligible: its best point is all there is
                out[k, i] = _best(score, num_bits - 1 - i)


@compiled
def _best(score, place):
    best = np.full(2, -np.inf)
    for c in range(len(score)):
        bit = c >> place & 1
        best[bit] = max(best[bit], score[c])
    return best[1] - best[0]
