"""A waveform with free weights, points and network, in TensorFlow."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from commgen.design.waveform.goal import WaveformGoal
from commgen.frame.constellation import Constellation
from commgen.waveform.designed import DesignedWaveform
from commgen.waveform.dft_spread import DftSpreadOfdm
from commgen.waveform.tone_network import ToneNetwork, cosines

#: Amplitude of the network's last knot, over that of saturation.
LARGEST = 1.6
_NUM_KNOTS, _NUM_COSINES = 17, 8
# The amplitude that it starts with, over that of saturation.
_FIRST_DRIVE = 0.8


class Behind(NamedTuple):
    """What is behind the amplifier, at saturation amplitude 1.

    Parameters
    ----------
    grid : [batch, num_data], complex
        Symbols that a receiver sees, without noise.
    power
        Mean power of a tone in use.
    adjacent
        Power in the worse adjacent channel over that in the band.
    """

    grid: tf.Tensor
    power: tf.Tensor
    adjacent: tf.Tensor


class FreeWaveform(tf.Module):
    """The same as :class:`~commgen.waveform.designed.DesignedWaveform`, to be learned.

    Parameters
    ----------
    goal
        What is free, and what it is for.
    roll_off
        One of the goal's.
    points : [2**num_bits_per_symbol], complex
        Where learned ones start; without them those of QAM.
    """

    def __init__(self, goal: WaveformGoal, roll_off: float = 0.0, points: Any = None):
        super().__init__()
        self.goal, self.ofdm = goal, goal.ofdm
        self.num_data = goal.num_data(roll_off)
        self._size = self.ofdm.fft_size * self.ofdm.oversampling
        edge = goal.num_tones - self.num_data
        free = goal.num_layers
        start = np.pi / 2 * (np.arange(edge) + 0.5) / max(edge, 1)
        self.angles = _variable(start, edge > 0)
        if points is None:
            points = Constellation.qam(goal.num_bits_per_symbol).points
        self.parts = _variable(np.stack([points.real, points.imag]), goal.learn_points)
        self.drive = _variable(_FIRST_DRIVE, True)
        self.gains = _variable(np.zeros((free, _NUM_KNOTS)), free > 0)
        self.weights = _variable(np.eye(1, _NUM_COSINES).repeat(free, 0), free > 0)
        self._basis = tf.constant(cosines(goal.num_tones, _NUM_COSINES), tf.float32)
        first, width = int(self.ofdm.subcarriers[0]), goal.num_tones
        places = (first + np.arange(-width, 2 * width)) % self._size
        self._places = tf.constant(places.reshape(3, width))  # below, own, above
        self._source = tf.constant((np.arange(width) - edge // 2) % self.num_data)

    @property
    def points(self) -> tf.Tensor:
        """Points without a mean, of unit mean power, [M]."""
        parts = self.parts - tf.reduce_mean(self.parts, 1, keepdims=True)
        power = tf.reduce_mean(tf.reduce_sum(parts**2, 0))
        return tf.complex(parts[0], parts[1]) / _complex(tf.sqrt(power))

    @property
    def shaping(self) -> tf.Tensor:
        """Weights of the tones: symmetric, squares that belong together add up to 1."""
        edge, num_tones = self.angles.shape[0], self.goal.num_tones
        if not edge:
            return tf.ones(num_tones)
        half = np.pi / 4 + (self.angles - self.angles[::-1]) / 2
        rise = tf.sin(half)
        return tf.concat([rise, tf.ones(num_tones - 2 * edge), rise[::-1]], 0)

    def behind(self, labels: tf.Tensor) -> Behind:
        """Return what comes of labels : [batch, num_data] behind the amplifier."""
        y = self._amplified(self._useful(self._corrected(self._tones(labels))))
        spectrum = tf.signal.fft(y) / _complex(self._scale)
        power = tf.reduce_mean(tf.abs(spectrum) ** 2, 0)
        below, own, above = tf.unstack(tf.reduce_sum(tf.gather(power, self._places), 1))
        tones = tf.gather(spectrum, self._places[1], axis=1)
        adjacent = tf.maximum(below, above) / own
        return Behind(self.grid(tones), own / self.goal.num_tones, adjacent)

    def grid(self, tones: tf.Tensor) -> tf.Tensor:
        """Return what a receiver makes of tones : [batch, num_tones]."""
        if not self.goal.spread:
            return tones
        size = self.num_data
        weighted = tf.transpose(tones * _complex(self._weight))
        folded = tf.math.unsorted_segment_sum(weighted, self._source, size)
        # Squares add up to 1, so that the gain is all there is to take back.
        gain = tf.cast(self.goal.num_tones / size, tf.float32)
        spread = tf.transpose(folded) / _complex(gain)
        spread = tf.signal.ifftshift(spread, axes=1)
        return tf.signal.ifft(spread) * _complex(size**0.5)

    def fixed(self) -> DesignedWaveform:
        """Return what was learned, in NumPy, at unit power of the drive."""
        goal, waveform = self.goal, self.ofdm
        if goal.spread:
            shaping = np.float64(self.shaping.numpy())
            waveform = DftSpreadOfdm(self.ofdm, self.num_data, shaping)
        network = ToneNetwork(self.gains.numpy(), self.weights.numpy(), LARGEST)
        points = Constellation.of(np.complex128(self.points.numpy()))
        drive = abs(float(self.drive.numpy()))
        return DesignedWaveform(
            waveform, network, points, drive=drive, power=1.0, back_off_db=0.0
        )

    @property
    def _scale(self) -> float:
        return self._size / self.goal.num_tones**0.5

    @property
    def _weight(self) -> tf.Tensor:
        gain = (self.goal.num_tones / self.num_data) ** 0.5
        return gain * self.shaping

    def _tones(self, labels):
        x = tf.gather(self.points, labels)
        if self.goal.spread:
            size = self.num_data
            spread = tf.signal.fft(x) / _complex(size**0.5)
            x = tf.gather(tf.signal.fftshift(spread, axes=1), self._source, axis=1)
            x *= _complex(self._weight)
        return x * _complex(self.drive)

    def _corrected(self, tones):
        for layer in range(self.goal.num_layers):
            x = self._useful(tones)
            bent = x * _complex(self._gain(self.gains[layer], tf.abs(x)))
            weight = tf.linalg.matvec(self._basis, self.weights[layer])
            spectrum = tf.signal.fft(bent) / _complex(self._scale)
            own = tf.gather(spectrum, self._places[1], axis=1)
            tones += own * _complex(weight)
        return tones

    def _useful(self, tones):
        """Return the samples of tones, as of CpOfdm.useful."""
        shape = [self._size, tf.shape(tones)[0]]
        places = self._places[1][:, None]
        spectrum = tf.transpose(tf.scatter_nd(places, tf.transpose(tones), shape))
        return tf.signal.ifft(spectrum) * _complex(self._scale)

    def _gain(self, gains, r):
        place = tf.clip_by_value(r / LARGEST, 0, 1) * (_NUM_KNOTS - 1)
        below = tf.minimum(tf.cast(place, tf.int32), _NUM_KNOTS - 2)
        share = place - tf.cast(below, tf.float32)
        low, high = tf.gather(gains, below), tf.gather(gains, below + 1)
        return low + share * (high - low)

    def _amplified(self, x):
        """As of Rapp, at saturation amplitude 1."""
        p = self.goal.smoothness
        gain = (1 + tf.maximum(tf.abs(x), 1e-6) ** (2 * p)) ** (-1 / (2 * p))
        return x * _complex(gain)


def _variable(value, trainable: bool) -> Any:
    initial: Any = np.asarray(value, np.float32)
    return tf.Variable(initial, trainable=trainable)


def _complex(real) -> tf.Tensor:
    """Return a number as a complex one, whose derivative is real."""
    real = tf.convert_to_tensor(real, tf.float32)
    return tf.complex(real, tf.zeros_like(real))
