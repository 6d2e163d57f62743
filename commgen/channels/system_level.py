"""UMi, UMa and RMa channels from Sionna, with a new place for every channel."""

import numpy as np
import tensorflow as tf
from sionna.phy.channel.tr38901 import SystemLevelChannel

from commgen.channels.config import SystemLevelConfig
from commgen.channels.corrected import corrected_model
from commgen.channels.counter_random import sionna_draws_from
from commgen.channels.genie import ray_weights, ula_covariance
from commgen.channels.source import ChannelSource


class SectorChannel(ChannelSource):
    """A 3GPP system-level channel that draws its own topology for every call.

    Sionna's ``UMi``, ``UMa`` and ``RMa`` keep one topology until told otherwise, and
    take the batch size from it. This source draws place, height, indoor state, speed,
    line of sight and large-scale parameters anew for every channel.

    Parameters
    ----------
    model
        ``UMi``, ``UMa`` or ``RMa`` of Sionna, built for ``config``.
    config
        Where the terminals are. With ``config.corrected`` the channel is that of
        :func:`~commgen.channels.corrected.corrected_model`.
    with_covariance
        Add the label ``covariance``, see
        :func:`~commgen.channels.genie.ula_covariance`; for the uplink, a horizontal
        line of antennas, and one V-polarised omnidirectional antenna at the terminal,
        without path loss and shadow fading.
    seed
        As for :class:`ChannelSource`, and so are input and output.

    Labels
    ------
    los, indoor : [batch_size], bool
        Line of sight; inside a building.
    distance_m, azimuth_deg, height_m, speed_m_s : [batch_size], float32
        The terminal: distance on the ground, azimuth from boresight, height, speed.
    """

    def __init__(
        self,
        model: SystemLevelChannel,
        config: SystemLevelConfig,
        *,
        with_covariance: bool = False,
        seed: int,
    ):
        super().__init__(seed=seed)
        if with_covariance:
            _check_genie(config)
        self._model = corrected_model(model) if config.corrected else model
        self._model.return_rays = True
        _settle_carrier(self._model)
        self._config = config
        self._with_covariance = with_covariance

    def _draw(self, call, batch_size, num_time_steps, sampling_frequency):
        generator = self._generator(call)
        config = self._config
        with sionna_draws_from(generator):
            labels = self._set_topology(generator, batch_size)
            # A channel that stands still need not be computed step by step.
            still = config.speed_max_m_s == 0
            a, tau, rays = self._model(  # pyright: ignore[reportAssignmentType]
                1 if still else num_time_steps, sampling_frequency
            )
        if still:
            a = tf.repeat(a, num_time_steps, axis=6)
        labels["los"] = tf.reshape(self._model._scenario.los, [-1])
        if self._with_covariance:
            labels["covariance"] = self._covariance(rays)
        return a, tau, labels

    def _set_topology(self, generator, batch_size):
        """Place the terminals, and let Sionna draw what hangs on the place."""
        c, shape = self._config, [batch_size]
        distance = tf.sqrt(
            generator.uniform(shape, c.distance_min_m**2, c.distance_max_m**2)
        )
        azimuth_deg = generator.uniform(shape, c.azimuth_min_deg, c.azimuth_max_deg)
        indoor = generator.uniform(shape) < c.indoor_probability
        floor = tf.floor(generator.uniform(shape, 0.0, float(c.num_floors)))
        height = c.outdoor_height_m + tf.where(indoor, 3.0 * floor, 0.0)
        yaw, heading = tf.unstack(generator.uniform([2, batch_size], 0.0, 2 * np.pi))
        speed = generator.uniform(shape, c.speed_min_m_s, c.speed_max_m_s)
        azimuth, zero = azimuth_deg * np.pi / 180, tf.zeros_like(distance)
        self._model.set_topology(
            ut_loc=_vector(
                distance * tf.cos(azimuth), distance * tf.sin(azimuth), height
            ),
            bs_loc=_vector(zero, zero, zero + c.bs_height_m),
            ut_orientations=_vector(yaw, zero, zero),
            bs_orientations=_vector(zero, zero, zero),
            ut_velocities=_vector(
                speed * tf.cos(heading), speed * tf.sin(heading), zero
            ),
            in_state=indoor[:, None],
            los=c.los,
        )
        return {
            "indoor": indoor,
            "distance_m": distance,
            "azimuth_deg": azimuth_deg,
            "height_m": height,
            "speed_m_s": speed,
        }

    def _covariance(self, rays):
        """Give the first column of each channel's covariance from its rays."""
        scenario, lsp = self._model._scenario, self._model._lsp
        los = tf.cast(tf.reshape(scenario.los, [-1]), tf.float32)
        k_factor = tf.reshape(lsp.k_factor, [-1]) * los
        batch_size, num_rays = tf.shape(los)[0], rays.zoa.shape[-1]
        scattered, direct = ray_weights(
            tf.reshape(rays.powers, [batch_size, -1]), num_rays, k_factor
        )

        # Sionna has turned the rays round for the uplink, but not the scenario's
        # angles: those that leave the base station there are those that arrive here.
        def with_direct(angle, direct_deg):
            direct_rad = tf.reshape(direct_deg, [-1, 1]) * (np.pi / 180)
            return tf.concat([tf.reshape(angle, [batch_size, -1]), direct_rad], 1)

        return ula_covariance(
            tf.concat([scattered, direct[:, None]], 1),
            with_direct(rays.zoa, scenario.los_zod),
            with_direct(rays.aoa, scenario.los_aod),
            self._config.bs_array.num_antennas,
            self._config.bs_array.horizontal_spacing_wavelengths,
        )


def _settle_carrier(model: SystemLevelChannel) -> None:
    """Let the model trace without AutoGraph.

    Sionna asks ``if fc < 2.`` of a tensor, though the carrier frequency never changes;
    of a number it may.
    """
    scenario = model._scenario
    scenario._carrier_frequency = scenario.carrier_frequency.numpy()


def _vector(x, y, z):
    """Stack coordinates, each [batch], to [batch, 1, 3]."""
    return tf.stack([x, y, z], axis=-1)[:, None]


def _check_genie(config: SystemLevelConfig) -> None:
    terminal = config.ut_array
    if not (
        config.direction == "uplink"
        and config.bs_array.is_horizontal_ula
        and terminal.is_horizontal_ula
        and terminal.num_antennas == 1
        and not config.path_loss
        and not config.shadow_fading
    ):
        raise ValueError(
            "the covariance is known for the uplink to one row of V-polarised "
            "omnidirectional antennas from one such antenna, without path loss and "
            f"shadow fading, got direction {config.direction!r}, "
            f"bs_array {config.bs_array.describe()}, ut_array {terminal.describe()}, "
            f"path_loss {config.path_loss}, shadow_fading {config.shadow_fading}."
        )
