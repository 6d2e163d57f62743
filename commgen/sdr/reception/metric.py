"""The timing metric of Schmidl and Cox on a stream, and where it has its peaks."""

import numpy as np

from commgen.coding.compiled import compiled

#: The running sums start anew at multiples of so many samples, so that what rounding
#: has left of a strong burst is gone soon. These do not depend on how a stream is cut.
RENEWAL = 4096
#: A smaller share of the greatest energy since then is what rounding has left.
_ROUNDING = 1e-10


@compiled
def next_peak(samples, first, stop, half, threshold, sums, best, marks):
    r"""Find the next peak of the metric.

    .. math:: M = \frac{4\,|P|^2}{E^2}, \quad
        P = \sum_{i=1}^{L} (r_i - \bar r_1)^* (r_{i+L} - \bar r_2), \quad
        E = \sum_{i=1}^{2 L} |r_i - \bar r|^2

    over the last two halves of L samples (Schmidl and Cox, *Robust frequency and timing
    synchronization for OFDM*, IEEE Trans. Commun. 45, 1997, eq. 5 to 8, with the energy
    of both halves), less the mean of each half, :math:`\bar r_1, \bar r_2`: a DC offset
    has no metric of 1. A peak is the greatest value since the last one, if none of
    the L behind it is greater.

    Parameters
    ----------
    samples : [num], complex64
        What is known, four halves of the past in front.
    first
        Number of ``samples[0]`` since the stream began.
    stop
        Number of the sample before which the scan ends.
    half
        L, samples of half a symbol.
    threshold
        Least metric of a peak.
    sums : [4], complex128
        P without the means, sums of the second and of the first half, and the energy.
    best : [2], float64
        The greatest metric so far, 0 for none, and the greatest energy.
    marks : [3], int64
        Sample that comes next, sample where the greatest metric ends, and sample from
        which on there may be one; since the stream began.

    Returns
    -------
    bool
        Whether there is one: it ends with sample ``marks[1]``. Else all is scanned.
    """
    P, sum_2, sum_1, energy = sums[0], sums[1], sums[2], sums[3].real
    top, most = best[0], best[1]
    n, peak = marks[0], marks[1]
    L = half
    found = False
    while n < stop and not found:
        i = n - first
        if n % RENEWAL == 0:
            P, sum_2, sum_1, energy = _sums_before(samples, i, L)
            most = energy
        new, middle, old = samples[i], samples[i - L], samples[i - 2 * L]
        P += np.conj(middle) * new - np.conj(old) * middle
        sum_2 += new - middle
        sum_1 += middle - old
        energy += _power(new) - _power(old)
        most = max(most, energy)
        if n >= marks[2]:
            metric = _metric(P, sum_2, sum_1, energy, most, L)
            if metric > threshold and metric > top:
                top, peak = metric, n
            found = top > 0 and n - peak >= L
        n += 1
    sums[0], sums[1], sums[2], sums[3] = P, sum_2, sum_1, energy
    best[0], best[1] = top, most
    marks[0], marks[1] = n, peak
    return found


@compiled
def _metric(P, sum_2, sum_1, energy, most, L):
    central = P - np.conj(sum_1) * sum_2 / L
    left = energy - (_power(sum_1) + _power(sum_2)) / L
    if left <= _ROUNDING * most:
        return 0.0
    return 4 * _power(central) / (left * left)


@compiled
def _sums_before(samples, i, L):
    P, sum_2, sum_1, energy = 0j, 0j, 0j, 0.0
    for k in range(i - L, i):
        r_1, r_2 = np.complex128(samples[k - L]), np.complex128(samples[k])
        P += np.conj(r_1) * r_2
        sum_1 += r_1
        sum_2 += r_2
        energy += _power(r_1) + _power(r_2)
    return P, sum_2, sum_1, energy


@compiled
def _power(z):
    return np.float64(z.real) ** 2 + np.float64(z.imag) ** 2
