"""Sionna's CDL model with the geometry of its rays looked up."""

from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy import PI, config as sionna_config
from sionna.phy.channel.tr38901 import CDL
from sionna.phy.channel.tr38901.channel_coefficients import Topology

_TINY = 1e-6  # what single precision makes of an exact zero or one


class TabulatedCDL(CDL):
    r"""The channels of Sionna's ``CDL``, the same draws, several times faster.

    The rays of a cluster have 20 azimuths and 20 zeniths, and only how they are coupled
    is random (TR 38.901 7.7.1, step 2). Unit vectors and element fields of all 400
    pairs are therefore computed once, by Sionna's own functions, and looked up. What is
    the same for all pairs, such as the field of omnidirectional V elements, is not even
    looked up, and polarisations that no antenna sees are left out.

    Parameters, input and output are those of Sionna's ``CDL``; single precision. The
    numbers are its own up to rounding, out of the same draws from its generator.
    """

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        sampler: Any = self._cir_sampler
        self._wave_number = 2 * PI / float(sampler._lambda_0)
        self._arrival = _End(
            sampler, self._rx_array, self._rx_orientation, self._zoa, self._aoa
        )
        self._departure = _End(
            sampler, self._tx_array, self._tx_orientation, self._zod, self._aod
        )
        powers = np.asarray(self._powers, float)[0, 0, 0]
        self._amplitudes = np.sqrt(powers / self._arrival.num_rays).astype("c8")
        self._xpr_scaling = float(np.sqrt(1 / np.asarray(self._xpr).flat[0]))

    def __call__(self, batch_size, num_time_steps, sampling_frequency):
        """Draw a batch, see Sionna's ``CDL``."""
        velocities = self._draw_velocities(batch_size)
        shape = [batch_size, len(self._amplitudes), self._arrival.num_rays]
        order = {
            name: sionna_config.tf_rng.normal([shape[0], 1, 1, *shape[1:]])
            for name in ("aoa", "aod", "zoa", "zod")
        }
        phases = sionna_config.tf_rng.uniform(
            [shape[0], 1, 1, *shape[1:], 4], minval=-PI, maxval=PI, dtype=self.rdtype
        )
        order = {name: tf.reshape(x, shape) for name, x in order.items()}
        arrival = self._arrival.rays(order["zoa"], order["aoa"])
        departure = self._departure.rays(order["zod"], order["aod"])
        gain = self._gains(tf.reshape(phases, [*shape, 4]), arrival, departure)
        gain *= self._amplitudes[:, None, None, None]
        t = tf.range(num_time_steps, dtype=self.rdtype) / sampling_frequency
        a = self._over_time(gain, arrival, velocities, t)
        tau = self._delays[0, 0, 0] * self._delay_spread
        rank = tf.argsort(tau)
        a = tf.gather(a, rank, axis=1)
        if bool(self._los):
            a = self._add_line_of_sight(a, velocities, t)
        a = tf.transpose(a, [0, 2, 3, 1, 4])[:, None, :, None]
        tau = tf.reshape(tf.gather(tau, rank), [1, 1, 1, -1])
        tau = tf.tile(tau, tf.stack([batch_size, 1, 1, 1]))
        return tf.stop_gradient(a), tf.stop_gradient(tau)

    @property
    def is_static(self) -> bool:
        """Whether no channel changes with time."""
        return float(self._max_speed) == 0

    def _draw_velocities(self, batch_size):
        """Velocity of the moving end [m/s], [batch_size, 3]."""
        limits = ((self._min_speed, self._max_speed), (0.0, 2 * PI), (0.0, PI))
        speed, azimuth, zenith = (
            sionna_config.tf_rng.uniform(
                shape=[batch_size, 1], minval=low, maxval=high, dtype=self.rdtype
            )
            for low, high in limits
        )
        return speed * tf.concat(
            [
                tf.cos(azimuth) * tf.sin(zenith),
                tf.sin(azimuth) * tf.sin(zenith),
                tf.cos(zenith),
            ],
            axis=-1,
        )

    def _gains(self, phases, arrival, departure):
        """Gain of every ray at time zero, [batch, clusters, rays, rx_ant, tx_ant]."""
        scaling = [1.0, self._xpr_scaling, self._xpr_scaling, 1.0]
        gains: Any = [
            [
                _field_product(phases, scaling, arrival.fields[p], departure.fields[q])
                for q in range(self._departure.num_polarisations)
            ]
            for p in range(self._arrival.num_polarisations)
        ]
        rows = [tf.stack(row, axis=-1) for row in gains]
        gain = tf.stack(rows, axis=-2)
        if gain.shape[-2] > 1:
            gain = tf.gather(gain, self._arrival.polarisation, axis=-2)
        if gain.shape[-1] > 1:
            gain = tf.gather(gain, self._departure.polarisation, axis=-1)
        for end, rays, axis in [
            (self._arrival, arrival, -1),
            (self._departure, departure, -2),
        ]:
            if end.at_origin:
                continue
            phase = self._wave_number * _product(rays.directions, end.positions.T)
            gain = gain * tf.expand_dims(_phasor(phase), axis)
        antennas = [self._arrival.num_antennas, self._departure.num_antennas]
        shape = tf.concat([tf.shape(gain)[:3], antennas], 0)
        return tf.broadcast_to(gain, shape)

    def _over_time(self, gain, arrival, velocities, t):
        """Sum the rays at all times, [batch, clusters, rx_ant, tx_ant, times]."""
        if self.is_static:
            still = tf.expand_dims(tf.reduce_sum(gain, axis=2), -1)
            shape = tf.concat([tf.shape(still)[:-1], tf.shape(t)], 0)
            return tf.broadcast_to(still, shape)
        rate = tf.linalg.matvec(arrival.directions, velocities[:, None])
        turn = _phasor(self._wave_number * tf.expand_dims(rate, -1) * t)
        shape = tf.shape(gain)
        flat = tf.reshape(gain, tf.concat([shape[:3], [-1]], 0))
        a = tf.matmul(flat, turn, transpose_a=True)
        return tf.reshape(a, tf.concat([shape[:2], shape[3:], tf.shape(t)], 0))

    def _add_line_of_sight(self, a, velocities, t):
        """Scale by the K-factor and add the specular path to the first one."""
        batch_size = tf.shape(a)[0]

        def tile(x):
            return tf.tile(x, tf.stack([batch_size, *[1] * (len(x.shape) - 1)]))

        topology = Topology(
            velocities=velocities[:, None],
            moving_end=self._moving_end,
            los_aoa=tile(self._los_aoa),
            los_zoa=tile(self._los_zoa),
            los_aod=tile(self._los_aod),
            los_zod=tile(self._los_zod),
            los=tf.fill([batch_size, 1, 1], True),
            distance_3d=tf.zeros([batch_size, 1, 1], self.rdtype),
            tx_orientations=tile(self._tx_orientation[None, None]),
            rx_orientations=tile(self._rx_orientation[None, None]),
        )
        sampler: Any = self._cir_sampler
        specular = sampler._step_11_los(topology, t)[:, 0, 0]
        k = self._k_factor[0, 0, 0]
        specular = specular * tf.cast(tf.sqrt(k / (k + 1)), self.cdtype)
        a = a * tf.cast(tf.sqrt(1 / (k + 1)), self.cdtype)
        return tf.concat([a[:, :1] + specular, a[:, 1:]], axis=1)


class _Rays:
    """Directions and fields of a batch of rays at one end of the link.

    Parameters
    ----------
    directions : [batch, clusters, rays, 3], float
        Unit vectors.
    fields
        For each polarisation the two components, [batch, clusters, rays] or a number.
    """

    def __init__(self, directions, fields):
        self.directions = directions
        self.fields = fields


class _End:
    """One end of the link: its antennas, and a table of all pairs of angles."""

    def __init__(self, sampler: Any, array: Any, orientation, zenith, azimuth):
        self.num_clusters, self.num_rays = zenith.shape[-2:]
        shape = [1, 1, 1, self.num_clusters, self.num_rays, self.num_rays]
        flat = [1, 1, 1, self.num_clusters, self.num_rays**2]
        zenith = tf.reshape(tf.broadcast_to(zenith[..., :, None], shape), flat)
        azimuth = tf.reshape(tf.broadcast_to(azimuth[..., None, :], shape), flat)
        turned = tf.reshape(orientation, [1, 1, 1, 1, 1, 3])
        local = sampler._gcs_to_lcs(turned, zenith, azimuth)
        elements = [array.ant_pol1]
        if array.polarization == "dual":
            elements.append(array.ant_pol2)
        fields = [
            sampler._l2g_response(
                tf.stack(element.field(*local), axis=-1), turned, zenith, azimuth
            )
            for element in elements
        ]
        directions = sampler._unit_sphere_vector(zenith, azimuth)
        self.num_polarisations = len(elements)
        self.num_antennas = int(array.num_ant)
        self.polarisation = np.zeros(self.num_antennas, np.int32)
        if len(elements) > 1:
            self.polarisation[np.asarray(array.ant_ind_pol2)] = 1
        positions = tf.reshape(array.ant_pos, [1, 1, -1, 3, 1])
        turned = tf.reshape(orientation, [1, 1, 1, 3])
        positions = np.asarray(sampler._rot_pos(turned, positions))
        self.positions = positions.reshape(-1, 3)
        self.at_origin = bool(np.abs(self.positions).max() < _TINY)
        self._table(np.asarray(directions), [np.asarray(f) for f in fields])

    def _table(self, directions, fields):
        """Make the table of what depends on the pair; note what does not."""
        columns = [directions.reshape(-1, 3)]
        self._fields: list[list[Any]] = []
        position = 3
        for field in fields:
            entries: list[Any] = []
            for component in field.reshape(-1, 2).T:
                if np.ptp(component) < _TINY:
                    value = float(component.mean())
                    whole = round(value)
                    entries.append(whole if abs(value - whole) < _TINY else value)
                    continue
                entries.append(slice(position, position + 1))
                columns.append(component[:, None])
                position += 1
            self._fields.append(entries)
        self._columns = np.hstack(columns).astype(np.float32)

    def rays(self, zenith, azimuth) -> _Rays:
        """Look the rays up; the arguments are random numbers whose order couples."""
        first = self.num_rays**2 * tf.range(self.num_clusters)[:, None]
        pair = first + self.num_rays * tf.argsort(zenith) + tf.argsort(azimuth)
        found = tf.gather(tf.constant(self._columns), pair)
        fields = [
            [found[..., e.start] if isinstance(e, slice) else e for e in entries]
            for entries in self._fields
        ]
        return _Rays(found[..., :3], fields)


def _field_product(phases, scaling, arrival, departure):
    """Received field for one polarisation at each end, (7.5-28), [b, c, rays]."""
    total: Any = 0
    for i in range(2):
        for j in range(2):
            weights = (arrival[i], departure[j], scaling[2 * i + j])
            if any(_is_number(x) and x == 0 for x in weights):
                continue
            phasor = _phasor(phases[..., 2 * i + j])
            for x in weights:
                if not (_is_number(x) and x == 1):
                    phasor = phasor * tf.cast(x, phasor.dtype)
            total = total + phasor
    if isinstance(total, int):  # antennas that do not see each other
        return tf.zeros(tf.shape(phases)[:-1], tf.complex64)
    return total


def _is_number(x) -> bool:
    return isinstance(x, int | float)


def _phasor(phase):
    return tf.complex(tf.cos(phase), tf.sin(phase))


def _product(x, matrix):
    """Multiply [..., n] by a constant [n, m] as one product of two matrices."""
    flat = tf.reshape(x, [-1, matrix.shape[0]]) @ tf.constant(matrix, x.dtype)
    return tf.reshape(flat, tf.concat([tf.shape(x)[:-1], [matrix.shape[1]]], 0))
