"""The places where Sionna 1.2.2 departs from TR 38.901, mended."""

from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy import config as sionna_config
from sionna.phy.channel.tr38901 import (
    RMaScenario,
    SystemLevelChannel,
    UMaScenario,
    UMiScenario,
)

_LIGHT_M_S = 299792458.0

#: TR 38.901 table 7.5-3: offsets of the 20 rays of a cluster, for a spread of 1 degree.
RAY_OFFSETS_DEG = tuple(
    sign * offset
    for offset in (
        0.0447, 0.1413, 0.2492, 0.3715, 0.5129, 0.6797, 0.8844, 1.1481, 1.5195, 2.1551,
    )
    for sign in (1, -1)
)  # fmt: skip


class _CorrectedScenario:
    """What all three scenarios need; goes before a scenario of Sionna."""

    @property
    def distance_3d(self) -> tf.Tensor:
        """Distance through the air [m]; Sionna gives the one on the ground (#1100)."""
        return self._distance_3d  # pyright: ignore[reportAttributeAccessIssue]

    def _sample_indoor_distance(self) -> None:
        """Draw the way inside the building, TR 38.901 section 7.4.3.1.

        The smaller of two uniform distances; Sionna takes one (#1108).
        """
        scenario: Any = self
        shape = [2, scenario.batch_size, scenario.num_bs, scenario.num_ut]
        two = sionna_config.tf_rng.uniform(
            shape, scenario.min_2d_in, scenario.max_2d_in, dtype=scenario.rdtype
        )
        indoor = tf.cast(scenario.indoor[:, None], scenario.rdtype)
        inside = tf.reduce_min(two, axis=0) * indoor
        scenario._distance_2d_in = inside
        scenario._distance_2d_out = scenario.distance_2d - inside
        scenario._distance_3d_in = inside / scenario.distance_2d * scenario.distance_3d
        scenario._distance_3d_out = scenario.distance_3d - scenario._distance_3d_in


class _CorrectedUMi(_CorrectedScenario, UMiScenario):
    pass


class _CorrectedRMa(_CorrectedScenario, RMaScenario):
    pass


class _CorrectedUMa(_CorrectedScenario, UMaScenario):
    def _compute_pathloss_basic(self) -> None:
        """Draw the environment height, then TR 38.901 table 7.4.1-1, UMa.

        Sionna draws the height from a continuum (#1107).
        """
        h_ut = tf.expand_dims(self.h_ut, 1)
        h_bs = tf.expand_dims(self.h_bs, 2)
        u = sionna_config.tf_rng.uniform(
            [2, self.batch_size, self.num_bs, self.num_ut], dtype=self.rdtype
        )
        h_e = environment_height(self.distance_2d, h_ut, u[0], u[1])
        los = uma_los_path_loss_db(
            self.distance_2d, self.distance_3d, h_bs, h_ut, h_e, self.carrier_frequency
        )
        blocked = (
            13.54
            + 39.08 * _log10(self.distance_3d)
            + 20 * _log10(self.carrier_frequency / 1e9)
            - 0.6 * (h_ut - 1.5)
        )
        self._pl_b = tf.where(self.los, los, tf.maximum(los, blocked))


_CORRECTED = {
    UMiScenario: _CorrectedUMi,
    UMaScenario: _CorrectedUMa,
    RMaScenario: _CorrectedRMa,
}


def corrected_model(model: SystemLevelChannel) -> SystemLevelChannel:
    """Build the same channel with the geometry of the standard.

    Mended are one ray offset (0.1481 for 1.1481 in table 7.5-3, NVlabs/sionna#1111),
    the indoor distance (#1108), the environment height of UMa (#1107), and the distance
    that path loss and the phase of the line of sight use (#1100).

    Parameters
    ----------
    model
        ``UMi``, ``UMa`` or ``RMa`` of Sionna; it is left as it was.

    Returns
    -------
    SystemLevelChannel
        Its draws are other ones than those of ``model``.

    Raises
    ------
    TypeError
        If ``model`` is none of the three.
    """
    old: Any = getattr(model, "_scenario", None)
    if type(old) not in _CORRECTED:
        raise TypeError(f"model must be Sionna's UMi, UMa or RMa, got {type(model)}.")
    common = {
        "carrier_frequency": float(old.carrier_frequency),
        "ut_array": old.ut_array,
        "bs_array": old.bs_array,
        "direction": old.direction,
        "enable_pathloss": old.pathloss_enabled,
        "enable_shadow_fading": old.shadow_fading_enabled,
        "precision": old.precision,
    }
    if isinstance(old, RMaScenario):
        scenario = _CorrectedRMa(
            average_street_width=float(old.average_street_width),
            average_building_height=float(old.average_building_height),
            **common,
        )
    else:
        scenario = _CORRECTED[type(old)](o2i_model=old.o2i_model, **common)
    mended = SystemLevelChannel(scenario)
    offsets = tf.constant(RAY_OFFSETS_DEG, mended.rdtype)
    mended._ray_sampler._ray_offsets = offsets
    return mended


def environment_height(distance_2d, h_ut, u_low, u_step) -> tf.Tensor:
    r"""Effective environment height of UMa, TR 38.901 table 7.4.1-1, note 1.

    1 m with probability :math:`1 / (1 + C(d, h))`, otherwise uniform over
    12, 15, ..., h - 1.5 m, where :math:`C = ((h - 13) / 10)^{1.5}\, g(d)` above 13 m
    and 0 below, and :math:`g = 1.25 (d / 100)^3 e^{-d / 150}` beyond 18 m.

    Parameters
    ----------
    distance_2d, h_ut : [...], float
        Distance on the ground and height of the terminal [m].
    u_low, u_step : [...], float
        Uniform numbers in [0, 1): which of the two cases, and which step.

    Returns
    -------
    h_e : [...], float
        Metres. A terminal of 13 to 13.5 m, for which the list is empty, has 12 m.
    """
    g = 1.25 * (distance_2d / 100) ** 3 * tf.exp(-distance_2d / 150)
    g = tf.where(distance_2d > 18, g, 0.0)
    c = tf.maximum(h_ut - 13, 0.0) ** 1.5 / 10**1.5 * g
    num_steps = tf.maximum(tf.floor((h_ut - 1.5 - 12) / 3 + 1e-4) + 1, 1.0)
    step = tf.minimum(tf.floor(u_step * num_steps), num_steps - 1)
    return tf.where(u_low < 1 / (1 + c), 1.0, 12 + 3 * step)


def uma_los_path_loss_db(distance_2d, distance_3d, h_bs, h_ut, h_e, carrier_hz):
    """Path loss of UMa in line of sight, TR 38.901 table 7.4.1-1.

    Parameters
    ----------
    distance_2d, distance_3d, h_bs, h_ut, h_e : float, of shapes that broadcast
        Distances, heights and effective environment height [m].
    carrier_hz
        Carrier frequency.

    Returns
    -------
    float, of the broadcast shape
        In dB, positive.
    """
    breakpoint_m = 4 * (h_bs - h_e) * (h_ut - h_e) * (carrier_hz / _LIGHT_M_S)
    near = 28 + 22 * _log10(distance_3d) + 20 * _log10(carrier_hz / 1e9)
    far = (
        28
        + 40 * _log10(distance_3d)
        + 20 * _log10(carrier_hz / 1e9)
        - 9 * _log10(breakpoint_m**2 + (h_bs - h_ut) ** 2)
    )
    return tf.where(distance_2d <= breakpoint_m, near, far)


def _log10(x):
    return tf.math.log(tf.cast(x, tf.float32)) / np.float32(np.log(10))
