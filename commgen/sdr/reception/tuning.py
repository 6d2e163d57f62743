"""What three pilots of a frame tell: residual CFO, noise, power."""

from dataclasses import dataclass

import numpy as np

from commgen.frame.axis import AxisBasis
from commgen.frame.covariance import robust_covariance
from commgen.frame.frame import Frame
from commgen.frame.lmmse import covariance_root
from commgen.sdr.waveform.preamble import preamble_carriers, preamble_symbol

#: Least power of a channel direction that is looked at: 60 dB under the mean.
_TOLERANCE = 1e-6
#: Share of the least residuals that the noise is read off; bursts are among the rest.
_QUIET = 0.75
#: Least power of a signal over the noise: 13 dB below, where nothing is received.
_LEAST_SNR = 0.05
#: Least noise beside what comes in; 80 dB under it is rounding.
_LEAST_NOISE = 1e-8
#: Standard deviation of what the search leaves of the CFO [Hz]: 300 at 0 dB without
#: fading, more where the preamble has faded.
_SPREAD_HZ = 500.0
_NUM_POINTS = 64  # of the residual CFO; a parabola finds what is between


@dataclass(frozen=True, eq=False)
class Tuned:
    """Frames without residual CFO, and what is known of them.

    Parameters
    ----------
    y : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
        Slots.
    no : [n], float64
        Noise variance.
    power : [n], float64
        Power of the signal, above 0.
    cfo_hz : [n], float64
        CFO that was left and is taken out now [Hz].
    """

    y: np.ndarray
    no: np.ndarray
    power: np.ndarray
    cfo_hz: np.ndarray


class PilotTuner:
    r"""Take out what is left of the CFO, measure noise and signal.

    Preamble and pilots are compressed to the directions that channels of
    :func:`~commgen.frame.covariance.robust_covariance` fill. Of direction m with
    variance :math:`\lambda_m` the three symbols at the times t see

    .. math:: z_m \sim \mathcal{CN}(0,\; D (\lambda_m R_t + N_0 I) D^H), \qquad
              D = \mathrm{diag}(e^{j 2 \pi f t})

    of which f has the greatest posterior density; the search leaves it Gaussian, with a
    deviation of ``_SPREAD_HZ``. The preamble is three symbols in front of the first
    pilots, so that f does not wrap below half of 1 / (3 symbols), 2.3 kHz; the pilots
    alone, nine symbols apart, would wrap at 0.8 kHz.

    What the directions do not explain is noise. The mean of the lower three quarters of
    these residuals, scaled for exponential ones, gives its variance: a burst over a few
    carriers is among the others.

    Parameters
    ----------
    frame
        The grid; its pilots must be in several symbols of all subcarriers.

    Raises
    ------
    ValueError
        If they are not.
    """

    def __init__(self, frame: Frame):
        if frame.pilot_subcarrier_step != 1 or len(frame.pilot_rows) < 2:
            raise ValueError(
                "frame must have two or more pilot symbols with a pilot on each "
                f"subcarrier, got {len(frame.pilot_rows)} symbols and a step of "
                f"{frame.pilot_subcarrier_step}."
            )
        self.frame = frame
        rows = np.r_[-1, frame.pilot_rows]
        time, frequency = robust_covariance(frame, num_before=1)
        mu, V = np.linalg.eigh(time[np.ix_(rows + 1, rows + 1)])
        G = covariance_root(frequency, tolerance=_TOLERANCE)
        basis = AxisBasis.of(G, [G])
        U = basis.observed
        self._seen = np.outer(basis.singular**2, np.maximum(mu, 0)).astype(np.float32)
        self._even = np.isin(frame.subcarriers, preamble_carriers(frame))
        self._odd = frame.subcarriers % 2 != 0
        self._known = preamble_symbol(frame)[frame.subcarrier_index][self._even]
        self._U = U.astype(np.complex64)
        self._U_even = U[self._even].astype(np.complex64)
        self._fit = np.linalg.pinv(U[self._even]).T.astype(np.complex64)
        self._matched = frame.pilots.conj()
        self._times = (rows * frame.symbol_duration_s)[:, None]
        self._slot_s = np.arange(frame.num_ofdm_symbols) * frame.symbol_duration_s
        i, j = np.triu_indices(len(rows), 1)
        self._pairs = i, j
        self._weights = (-V[i] * V[j]).T.astype(np.float32)
        gaps = self._times[j, 0] - self._times[i, 0]
        limit = 0.5 / gaps.min()
        self._grid_hz = np.linspace(-limit, limit, _NUM_POINTS, endpoint=False)
        turns = np.exp(-2j * np.pi * np.outer(gaps, self._grid_hz))
        self._turns = np.vstack([turns.real, -turns.imag]).astype(np.float32)
        # The fit is half a log-likelihood: each pair stands in it once.
        self._prior = -((self._grid_hz / _SPREAD_HZ) ** 2) / 4

    def __call__(self, grids: np.ndarray, *, cfo: bool = True) -> Tuned:
        """Tune frames.

        Parameters
        ----------
        grids : [n, 1 + num_ofdm_symbols, num_effective_subcarriers], complex64
            As of :func:`~commgen.sdr.reception.windows.received_grids`.
        cfo
            Whether a CFO may be left.
        """
        z, no = self._observe(grids)
        count = z.shape[1] * grids.shape[2]
        power = np.sum(np.abs(z) ** 2, axis=(1, 2), dtype=float) / count
        no = np.maximum(no, _LEAST_NOISE * power + np.finfo(np.float32).tiny)
        own = no * z.shape[1] * z.shape[2] / count  # of the noise in the directions
        power = np.maximum(power - own, _LEAST_SNR * no)
        if not cfo:
            return Tuned(grids[:, 1:], no, power, np.zeros(len(grids)))
        left_hz = self._cfo(z / np.sqrt(power)[:, None, None], no / power)
        turn = np.exp(-2j * np.pi * np.outer(left_hz, self._slot_s))
        y = grids[:, 1:] * turn.astype(np.complex64)[..., None]
        return Tuned(y, no, power, left_hz)

    def _observe(self, grids):
        """Return directions [n, rows, modes], and the variance of what is left over."""
        frame = self.frame
        pilots = grids[:, 1 + frame.pilot_rows] * self._matched
        z = np.empty((len(grids), pilots.shape[1] + 1, self._U.shape[1]), np.complex64)
        z[:, 1:] = pilots @ self._U.conj()
        pilots -= z[:, 1:] @ self._U.T
        first = grids[:, 0, self._even] / self._known
        z[:, 0] = first @ self._fit
        first -= z[:, 0] @ self._U_even.T
        return z, self._noise(pilots, first, grids[:, 0, self._odd])

    def _noise(self, pilots, first, silent):
        """Variance of what is left at pilots, at the preamble and beside it."""
        num_modes = self._U.shape[1]
        boost = np.abs(self._known[0]) ** 2
        parts = [
            (pilots, pilots.shape[2] - num_modes, 1.0),
            (first[:, None], first.shape[1] - num_modes, boost),
            (silent[:, None], silent.shape[1], 1.0),
        ]
        scaled = [
            (np.abs(x) ** 2 * (gain * x.shape[2] / free)).reshape(len(x), -1)
            for x, free, gain in parts
        ]
        powers = np.concatenate(scaled, axis=1)
        num = int(_QUIET * powers.shape[1])
        quiet = np.partition(powers, num, axis=1)[:, :num]
        share = num / powers.shape[1]
        # The mean of the lower share q of exponential numbers of unit mean.
        mean = 1 + (1 - share) * np.log(1 - share) / share
        return quiet.mean(axis=1, dtype=float) / mean

    def _cfo(self, z, no):
        """Return the most likely residual CFO, [n]."""
        i, j = self._pairs
        # Off the diagonal of -(lambda_m R_t + N0 I)^-1, [n, modes, pairs].
        Q = (1 / (self._seen + no[:, None, None])) @ self._weights
        S = np.einsum("nmp,npm->np", Q, z[:, i].conj() * z[:, j])
        parts = np.hstack([S.real, S.imag]).astype(np.float32)
        fit = parts @ self._turns + self._prior
        best = np.argmax(fit, axis=1)
        row = np.arange(len(fit))
        left, mid, right = (fit[row, (best + d) % fit.shape[1]] for d in (-1, 0, 1))
        bend = np.minimum(left - 2 * mid + right, -1e-30)
        step = self._grid_hz[1] - self._grid_hz[0]
        return self._grid_hz[best] + 0.5 * (left - right) / bend * step
