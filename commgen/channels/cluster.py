"""TDL, CDL and Rayleigh channels from Sionna, with a mixed profile and delay spread."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from sionna.phy.channel import ChannelModel, RayleighBlockFading

from commgen.channels.counter_random import sionna_draws_from
from commgen.channels.source import ChannelSource


class ClusterChannel(ChannelSource):
    """Every channel takes one of several profiles and its own delay spread.

    Parameters
    ----------
    profiles
        TDL or CDL models, equally likely. With ``delay_spread_s`` given they must be
        built for a delay spread of 1 s, since theirs is multiplied by it.
    delay_spread_s
        Lowest and highest RMS delay spread of a log-uniform law; ``None`` leaves the
        delays of the profiles as they are.
    profile_delay_spread_s
        Delay spread of each profile, for the labels, where ``delay_spread_s`` is None;
        NaN if not given.
    seed
        As for :class:`ChannelSource`, and so are input and output.

    Labels
    ------
    profile : [batch_size], int32
        Which profile, counted from 0.
    delay_spread_s : [batch_size], float32
        RMS delay spread.
    """

    def __init__(
        self,
        profiles: Sequence[ChannelModel],
        delay_spread_s: tuple[float, float] | None,
        *,
        profile_delay_spread_s: Sequence[float] = (),
        seed: int,
    ):
        super().__init__(seed=seed)
        if not profiles:
            raise ValueError("profiles must hold at least one model, got none.")
        self._profiles = list(profiles)
        self._delay_spread_s = delay_spread_s
        known = profile_delay_spread_s or [np.nan] * len(profiles)
        self._profile_delay_spread_s = tf.constant(known, tf.float32)

    @property
    def is_static(self) -> bool:
        """Whether no profile has a speed."""
        return all(float(getattr(p, "_max_speed", 1)) == 0 for p in self._profiles)

    def _draw(self, call, batch_size, num_time_steps, sampling_frequency):
        generator = self._generator(call)
        num_profiles = len(self._profiles)
        position = generator.uniform([batch_size], 0.0, float(num_profiles))
        # Rounding may lift the largest draw to num_profiles itself.
        profile = tf.minimum(tf.cast(position, tf.int32), num_profiles - 1)
        spread = self._draw_delay_spread(generator, batch_size, profile)
        with sionna_draws_from(generator):
            drawn = [
                model(batch_size, num_time_steps, sampling_frequency)
                for model in self._profiles
            ]
        num_paths = max(a.shape[5] for a, _ in drawn)
        a = _select([_pad_paths(a, 5, num_paths) for a, _ in drawn], profile)
        tau = _select([_pad_paths(tau, 3, num_paths) for _, tau in drawn], profile)
        if self._delay_spread_s is not None:
            tau = tau * spread[:, None, None, None]
        return a, tau, {"profile": profile, "delay_spread_s": spread}

    def _draw_delay_spread(self, generator, batch_size, profile):
        if self._delay_spread_s is None:
            return tf.gather(self._profile_delay_spread_s, profile)
        low, high = self._delay_spread_s
        if low == high:
            return tf.fill([batch_size], np.float32(low))
        return tf.exp(generator.uniform([batch_size], np.log(low), np.log(high)))


class RayleighChannel(ChannelSource):
    """Sionna's ``RayleighBlockFading`` for one link, with a seed of its own.

    Parameters
    ----------
    num_rx_ant, num_tx_ant
        Antennas.
    seed
        As for :class:`ChannelSource`, and so are input and output.
    """

    def __init__(self, num_rx_ant: int, num_tx_ant: int, *, seed: int):
        super().__init__(seed=seed)
        self._model = RayleighBlockFading(1, num_rx_ant, 1, num_tx_ant)

    def _draw(self, call, batch_size, num_time_steps, sampling_frequency):
        generator = self._generator(call)
        with sionna_draws_from(generator):
            a, tau = self._model(batch_size, num_time_steps, sampling_frequency)
        return a, tau, {}


def _pad_paths(x: tf.Tensor, axis: int, num_paths: int) -> tf.Tensor:
    """Add paths of zero power at delay zero."""
    missing = num_paths - int(x.shape[axis] or 0)
    return tf.pad(x, [[0, missing if i == axis else 0] for i in range(len(x.shape))])


def _select(options: list[tf.Tensor], index: tf.Tensor) -> tf.Tensor:
    """Take example ``b`` of ``options[index[b]]``."""
    chosen = options[0]
    for number, option in enumerate(options[1:], start=1):
        is_it = tf.reshape(index == number, [-1] + [1] * (len(option.shape) - 1))
        chosen = tf.where(is_it, option, chosen)
    return chosen
