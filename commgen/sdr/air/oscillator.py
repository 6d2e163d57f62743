"""A receiver whose oscillator is off, and wanders."""

import numpy as np

from commgen.coding.compiled import compiled

#: Samples over which the phase runs straight.
_STEP = 16
_PHASE = 2  # of the seeds


class Oscillator:
    r"""Turn a stream by a frequency offset and by phase noise.

    The phase noise is a Wiener process, whose carrier has a Lorentzian spectrum of
    -3 dB width :math:`\beta`: over a time T it gains a variance of
    :math:`2 \pi \beta T` (Demir, Mehrotra and Roychowdhury, *Phase noise in
    oscillators*, IEEE Trans. Circuits Syst. I 47, 2000).

    Parameters
    ----------
    cfo_hz
        Carrier frequency offset [Hz]; may be set between pushes.
    linewidth_hz
        The :math:`\beta` [Hz], 0 for none; may be set between pushes.
    sample_rate_hz
        Samples a second.
    seed
        Of the phase noise. The phase is 0 at first.
    """

    def __init__(
        self, cfo_hz: float, linewidth_hz: float, sample_rate_hz: float, *, seed: int
    ) -> None:
        self.cfo_hz = cfo_hz
        self.linewidth_hz = linewidth_hz
        self._rate = sample_rate_hz
        self._rng = np.random.default_rng([seed, _PHASE])
        self._turns = np.zeros(3, np.complex128)  # now, in a sample, and the phase
        self._count = 0

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Return the samples turned, complex64."""
        begin, end = self._count, self._count + len(samples)
        num_steps = -(-end // _STEP) - -(-begin // _STEP)
        spread = np.sqrt(2 * np.pi * self.linewidth_hz * _STEP / self._rate)
        steps = spread * self._rng.standard_normal(num_steps)
        steps += 2 * np.pi * self.cfo_hz * _STEP / self._rate
        out = np.array(samples, np.complex64)
        turn(out, begin, steps, self._turns)
        self._count = end
        return out


@compiled
def turn(samples, begin, steps, turns):
    """Turn samples in place; a new one of ``steps`` [rad] begins every _STEP samples.

    ``turns``, complex128: the turn of the next sample, that from one sample to the
    next, and the phase at which the next step begins [rad].
    """
    now, each, phase = turns[0], turns[1], turns[2].real
    used = 0
    for i in range(len(samples)):
        if (begin + i) % _STEP == 0:
            now = np.exp(1j * phase)
            each = np.exp(1j * steps[used] / _STEP)
            phase = (phase + steps[used]) % (2 * np.pi)
            used += 1
        samples[i] *= np.complex64(now)
        now *= each
    turns[0], turns[1], turns[2] = now, each, phase
