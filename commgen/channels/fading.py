"""Tapped delay lines whose fading goes on from slot to slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from sionna.phy.channel import subcarrier_frequencies
from sionna.phy.channel.tr38901 import TDL

from commgen._checks import check_int, check_positive
from commgen.channels.cluster import ClusterChannel
from commgen.channels.counter_random import CounterGenerator


@dataclass(frozen=True)
class FadingProcess:
    r"""A batch of tapped delay lines, of which any instant can be looked at.

    Tap p of channel b between one pair of antennas is the sum of sinusoids

    .. math:: a_p(t) = A_{b,p} \sum_n e^{j(\omega_{b,p,n} t + \phi_{b,p,n})}
                       + S_{b,p} e^{j(\nu_b t + \psi_b)}

    of Xiao, Zheng and Beaulieu ("Novel sum-of-sinusoids simulation models for Rayleigh
    and Rician fading channels", IEEE Trans. Wireless Commun., 2006, eqs. 6, 7 and 11),
    which are those of Sionna's ``TDL``. Nothing is drawn here: a look at one slot does
    not depend on which others were looked at.

    Parameters
    ----------
    rate : [batch, num_paths, num_sinusoids], float
        Doppler shifts of the sinusoids [rad/s].
    start : [batch, num_paths, num_rx_ant * num_tx_ant, num_sinusoids], complex
        Sinusoids at time zero, amplitude and phase.
    los_rate : [batch], float
        Doppler shift of the line of sight [rad/s].
    los_start : [batch, num_paths], complex
        The line of sight at time zero, the same on all antennas; zero but on the first
        path.
    tau : [batch, num_paths], float
        Path delays [s].
    num_rx_ant, num_tx_ant
        Antennas.
    """

    rate: np.ndarray
    start: np.ndarray
    los_rate: np.ndarray
    los_start: np.ndarray
    tau: np.ndarray
    num_rx_ant: int
    num_tx_ant: int

    @property
    def batch_size(self) -> int:
        """Channels of the batch."""
        return len(self.tau)

    def coefficients(self, times_s, index=None) -> np.ndarray:
        """Path coefficients at any instants.

        Parameters
        ----------
        times_s : [num_times], float
            Instants [s], in any order; those of a Sionna ``TDL`` call are
            ``np.arange(num_time_steps) / sampling_frequency``.
        index : [num], int
            Channels to look at; all by default.

        Returns
        -------
        a : [num, num_rx_ant, num_tx_ant, num_paths, num_times], complex64
        """
        times = np.asarray(times_s, np.float64)
        if times.ndim != 1 or not np.all(np.isfinite(times)):
            raise ValueError(
                f"times_s must be [num_times] and finite, got shape {times.shape}."
            )
        rows = slice(None) if index is None else np.asarray(index)
        turn = _phasor(self.rate[rows][..., None] * times)
        a = np.matmul(self.start[rows], turn)
        if np.any(self.los_start):
            los = _phasor(self.los_rate[rows][:, None, None] * times)
            a += (self.los_start[rows][:, :, None] * los)[:, :, None]
        num, num_paths, _, num_times = a.shape
        a = a.reshape(num, num_paths, self.num_rx_ant, self.num_tx_ant, num_times)
        return a.transpose(0, 2, 3, 1, 4)

    def frequency_response(
        self,
        start_s: float,
        num_symbols: int,
        symbol_duration_s: float,
        num_subcarriers: int,
        subcarrier_spacing_hz: float,
        *,
        index=None,
    ) -> np.ndarray:
        """Response of one slot on a grid of subcarriers.

        Parameters
        ----------
        start_s
            Instant of the first OFDM symbol [s].
        num_symbols, symbol_duration_s
            OFDM symbols, and from one to the next [s]; the channel holds over each.
        num_subcarriers, subcarrier_spacing_hz
            The grid; one subcarrier is at the carrier itself.
        index : [num], int
            Channels to look at; all by default.

        Returns
        -------
        h : [num, 1, num_rx_ant, 1, num_tx_ant, num_symbols, num_subcarriers], complex64
        """
        check_int("num_symbols", num_symbols, low=1)
        check_int("num_subcarriers", num_subcarriers, low=1)
        check_positive("symbol_duration_s", symbol_duration_s)
        check_positive("subcarrier_spacing_hz", subcarrier_spacing_hz)
        times = start_s + symbol_duration_s * np.arange(num_symbols)
        a = np.moveaxis(self.coefficients(times, index), 3, -1)
        tau = self.tau if index is None else self.tau[np.asarray(index)]
        # One subcarrier is its own carrier, whatever Sionna's function makes of it.
        frequency = (
            subcarrier_frequencies(num_subcarriers, subcarrier_spacing_hz).numpy()
            if num_subcarriers > 1
            else np.zeros(1)
        )
        if np.all(self.tau == self.tau[0]):  # one matrix product for the whole batch
            h = a.reshape(-1, a.shape[-1]) @ _steering(self.tau[0], frequency)
        else:
            flat = a.reshape(len(a), -1, a.shape[-1])
            h = np.matmul(flat, _steering(tau, frequency))
        shape = (self.num_rx_ant, 1, self.num_tx_ant, num_symbols, num_subcarriers)
        return h.reshape(len(a), 1, *shape)


class TdlChannel(ClusterChannel):
    """Tapped delay lines; besides slots by themselves also fading that goes on.

    Parameters, input, output and labels are those of
    :class:`~commgen.channels.ClusterChannel`, and so are the draws; the profiles are
    Sionna ``TDL`` models without antenna correlation.

    Raises
    ------
    TypeError
        If a profile is no ``TDL``.
    ValueError
        If the antennas of a profile are correlated, or differ between profiles.
    """

    def __init__(self, profiles, delay_spread_s, **options):
        for model in profiles:
            if not isinstance(model, TDL):
                raise TypeError(
                    f"profiles must be TDL models, got {type(model).__name__}."
                )
        super().__init__(profiles, delay_spread_s, **options)
        antennas = {(m._num_rx_ant, m._num_tx_ant) for m in profiles}
        if len(antennas) > 1:
            raise ValueError(
                f"profiles must have the same antennas, got {sorted(antennas)}."
            )
        self.num_rx_ant, self.num_tx_ant = antennas.pop()
        names = ("spatial", "rx", "tx")
        if any(
            getattr(model, f"_{name}_corr_mat_sqrt", None) is not None
            for model in profiles
            for name in names
        ):
            raise ValueError("profiles must have no antenna correlation.")

    def start(self, batch_size: int) -> FadingProcess:
        """Draw a batch as a call does, and return it as a process in time.

        The next call of the sequence is used up, and the process is at time zero and
        after where that call would have been: the draws are the same.

        Parameters
        ----------
        batch_size
            Channels to draw.
        """
        check_int("batch_size", batch_size, low=1)
        generator = self._generator(self._next_call())
        num_profiles = len(self._profiles)
        position = generator.uniform([batch_size], 0.0, float(num_profiles))
        profile = tf.minimum(tf.cast(position, tf.int32), num_profiles - 1)
        spread = self._draw_delay_spread(generator, batch_size, profile)
        drawn = [_draw_taps(model, generator, batch_size) for model in self._profiles]
        num_paths = max(taps.tau.shape[1] for taps in drawn)
        drawn = [_padded(taps, num_paths) for taps in drawn]
        chosen = [_choose(parts, profile.numpy()) for parts in zip(*drawn, strict=True)]
        rate, start, los_rate, los_start, tau = chosen
        if self._delay_spread_s is not None:
            tau = tau * spread.numpy()[:, None]
        antennas = (self.num_rx_ant, self.num_tx_ant)
        return FadingProcess(rate, start, los_rate, los_start, tau, *antennas)


class _Taps(NamedTuple):
    """The arrays of a process, of one profile."""

    rate: np.ndarray
    start: np.ndarray
    los_rate: np.ndarray
    los_start: np.ndarray
    tau: np.ndarray


def _draw_taps(model: Any, generator: CounterGenerator, batch_size: int) -> _Taps:
    """Draw what a call of ``model`` draws, in its order."""
    num_paths, num_sinusoids = int(model.num_clusters), int(model._num_sinusoids)
    num_rx_ant, num_tx_ant = model._num_rx_ant, model._num_tx_ant
    low, high = model._min_doppler, model._max_doppler
    doppler = generator.uniform([batch_size], low, high).numpy().astype(np.float64)
    edge = np.pi / num_sinusoids
    shape = [batch_size, num_paths, num_sinusoids]
    theta = generator.uniform(shape, -edge, edge).numpy()
    alpha = 2 * edge * np.arange(1, num_sinusoids + 1) + theta
    shape = [batch_size, num_rx_ant * num_tx_ant, num_paths, num_sinusoids]
    phi = generator.uniform(shape, -np.pi, np.pi).numpy().swapaxes(1, 2)
    power = model._mean_powers.numpy().real / num_sinusoids
    start = np.sqrt(power).astype(np.float32)[:, None, None] * _phasor(phi)
    los_start = np.zeros((batch_size, num_paths), np.complex64)
    los_rate = np.zeros(batch_size)
    if model.los:
        psi = generator.uniform([batch_size], -np.pi, np.pi).numpy()
        los_rate = doppler * np.cos(float(model._los_angle_of_arrival))
        los_start[:, 0] = np.sqrt(float(model.mean_power_los)) * _phasor(psi)
    tau = np.tile(model.delays.numpy().astype(np.float64), (batch_size, 1))
    rate = doppler[:, None, None] * np.cos(alpha)
    return _Taps(rate, start, los_rate, los_start, tau)


def _padded(taps: _Taps, num_paths: int) -> _Taps:
    """Add paths of zero power at delay zero."""

    def pad(x):
        missing = num_paths - x.shape[1]
        return np.pad(x, [(0, missing if i == 1 else 0) for i in range(x.ndim)])

    rate, start, los_rate, los_start, tau = taps
    return _Taps(pad(rate), pad(start), los_rate, pad(los_start), pad(tau))


def _choose(options: Sequence[np.ndarray], index: np.ndarray) -> np.ndarray:
    """Take example ``b`` of ``options[index[b]]``."""
    if len(options) == 1:
        return options[0]
    return np.stack([options[k][b] for b, k in enumerate(index)])


def _phasor(angle: np.ndarray) -> np.ndarray:
    """exp(j angle), complex64, the angle in the precision it comes in."""
    z = np.empty(angle.shape, np.complex64)
    z.real, z.imag = np.cos(angle), np.sin(angle)
    return z


def _steering(tau: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """exp(-j 2 pi f tau), [..., num_paths, num_subcarriers], complex64."""
    return _phasor(-2 * np.pi * tau[..., None] * frequency)
