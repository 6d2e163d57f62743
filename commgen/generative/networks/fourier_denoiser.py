"""Residual convolutional network in the Fourier domain of the last channel axis."""

import numpy as np

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, ops
from commgen.generative.networks.subnets import real_matrix

# ln(no) runs over about +-10 (SNR of -45..45 dB); the first layer sees about +-3.
_LOG_NO_SCALE = 3.0
_FREQUENCIES = (0.25, 0.5, 1.0, 2.0, 4.0)
# Power under which the logarithm of a noisy coefficient says nothing.
_POWER_FLOOR = 1e-3
# Features of each bin that a condition sets.
_PLACED = 4


@keras.saving.register_keras_serializable("commgen")
class CircularConv(layers.Layer):
    """One-dimensional convolution on a circle, as beams and delays of a DFT are.

    Parameters
    ----------
    filters, kernel_size, dilation
        As in :class:`keras.layers.Conv1D`; ``kernel_size`` is odd.
    """

    def __init__(self, filters, kernel_size, dilation=1, **kwargs):
        super().__init__(**kwargs)
        self.filters = check_int("filters", filters, low=1)
        self.kernel_size = check_int("kernel_size", kernel_size, low=1)
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, got {kernel_size}.")
        self.dilation = check_int("dilation", dilation, low=1)
        self.conv = layers.Conv1D(filters, kernel_size, dilation_rate=dilation)

    def build(self, input_shape):
        """Build the convolution for the padded input."""
        self.conv.build((*input_shape[:-2], None, input_shape[-1]))

    def call(self, x):
        """Convolve x : [batch, num_bins, channels], float."""
        pad = self.kernel_size // 2 * self.dilation
        while pad > 0:
            step = min(pad, x.shape[1])
            x = ops.concatenate([x[:, -step:], x, x[:, :step]], axis=1)
            pad -= step
        return self.conv(x)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "dilation": self.dilation,
        }


@keras.saving.register_keras_serializable("commgen")
class ResidualBlock(layers.Layer):
    """Pre-normalised residual block whose scale and shift follow the whole channel.

    The modulation is that of FiLM (Perez et al., AAAI 2018, eq. 2), from the embedding
    and the mean of the features over all bins: a convolution alone sees but a few
    bins, and the power of a channel, say, is spread over all.

    Parameters
    ----------
    width
        Channels in and out.
    kernel_size, dilation
        Of the first convolution; the second has size one.
    """

    def __init__(self, width, kernel_size, dilation=1, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.norm = layers.LayerNormalization()
        self.spread = CircularConv(width, kernel_size, dilation)
        self.modulation = layers.Dense(2 * width)
        self.mix = layers.Dense(width, kernel_initializer="zeros")

    def build(self, input_shape):
        """Build the sublayers for (features, embedding)."""
        features, embedding = input_shape
        self.norm.build(features)
        self.spread.build(features)
        self.modulation.build((None, embedding[-1] + self.width))
        self.mix.build(features)

    def call(self, inputs):
        """Map x : [batch, num_bins, width], with e : [batch, embedding], to like x."""
        x, e = inputs
        context = ops.concatenate([e, ops.mean(x, axis=1)], axis=-1)
        scale, shift = ops.split(self.modulation(context)[:, None], 2, axis=-1)
        u = self.spread(self.norm(x)) * (1 + scale) + shift
        return x + self.mix(ops.silu(u))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "width": self.width,
            "kernel_size": self.kernel_size,
            "dilation": self.dilation,
        }


@keras.saving.register_keras_serializable("commgen")
class ConditionEmbedding(layers.Layer):
    """Embeds a condition; one that is not told, all zero, is embedded as zero.

    Parameters
    ----------
    width
        Of the embedding.
    """

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = check_int("width", width, low=1)
        self.enter = layers.Dense(width, activation="silu", use_bias=False)
        self.leave = layers.Dense(width, use_bias=False)

    def build(self, input_shape):
        """Build for conditions [batch, num_conditions + 1]."""
        self.enter.build(input_shape)
        self.leave.build((None, self.width))

    def call(self, condition):
        """Embed condition : [batch, num_conditions + 1], the last one a flag."""
        return self.leave(self.enter(condition))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("commgen")
class FourierDenoiser(layers.Layer):
    """Network of diffusion and flow: convolutions over beams or delays.

    A unitary DFT over the last axis (antennas of a linear array, or subcarriers) makes
    a channel sparse, and a shift of it nearly a shift of the spectrum, so the
    convolutions are circular there. All other axes become features.

    Parameters
    ----------
    width, depth, kernel_size
        Features, residual blocks, and bins that a block sees at once.
    variance
        Whether it has the second output; without it ``log_var`` is None.

    Input
    -----
    x : [batch, *event_shape, 2 num_fields], float
        Complex fields of unit scale, real and imaginary part of each: here the noisy
        channel and a first estimate of it.
    levels : [batch, 2], float
        Natural logarithms: of the noise variance, and of a first guess of the error
        variance, relative to that of the LMMSE estimate.
    condition : [batch, num_conditions + 1], float
        Only where the network was built for three inputs: standardised conditions and
        a one, or all zero where they are not told.

    Output
    ------
    f : [batch, *event_shape, 2], float
        Of unit scale.
    log_var : [batch, *event_shape], float
        Logarithm of the error variance, relative to the first guess.
    """

    def __init__(self, width=64, depth=4, kernel_size=5, variance=True, **kwargs):
        super().__init__(**kwargs)
        self.variance_head = bool(variance)
        self.width = check_int("width", width, low=1)
        self.depth = check_int("depth", depth, low=1)
        self.kernel_size = check_int("kernel_size", kernel_size, low=1)
        self.embed = layers.Dense(width, activation="silu")
        self.encode = CircularConv(width, kernel_size)
        self.blocks = [ResidualBlock(width, kernel_size) for _ in range(depth)]

    def build(self, input_shape):
        """Build for the shapes of (x, levels) or (x, levels, condition)."""
        event, fields = tuple(input_shape[0][1:-1]), input_shape[0][-1] // 2
        bins, pairs = event[-1], int(np.prod(event[:-1], dtype=int))
        self._event, self._bins, self._pairs = event, bins, pairs
        self._fields = fields
        W = np.fft.fft(np.eye(bins), norm="ortho")
        self._dft = ops.convert_to_tensor(real_matrix(W))
        features, embedding = (None, bins, self.width), (None, self.width)
        self.embed.build((None, 2 + fields + 2 * len(_FREQUENCIES)))
        num_features = 3 * fields * pairs
        if len(input_shape) == 3:
            num_features += _PLACED
            self.condition = ConditionEmbedding(self.width)
            self.condition.build(input_shape[2])
            # The convolutions know no place: a beam that a condition names must be
            # told to its bin.
            self.place = layers.Dense(_PLACED * bins, use_bias=False)
            self.place.build(embedding)
        self.encode.build((None, bins, num_features))
        for block in self.blocks:
            block.build((features, embedding))
        zeros = {"kernel_initializer": "zeros"}
        self.decode = layers.Dense(2 * pairs, **zeros)
        self.decode.build(features)
        if not self.variance_head:
            return
        # The error variance is read from features that only the mean has shaped.
        self.describe = layers.Dense(self.width, activation="silu")
        self.describe.build((None, 2 * self.width))
        self.variance = layers.Dense(bins * pairs, **zeros)
        self.variance.build((None, self.width))

    def call(self, inputs):
        """Return f and log_var."""
        x, levels, *condition = inputs
        u = self._transform(x)
        power = ops.sum(ops.reshape(u, (-1, self._bins, u.shape[-1] // 2, 2)) ** 2, -1)
        u = ops.concatenate([u, ops.log(power + _POWER_FLOOR)], axis=-1)
        power = ops.reshape(power, (-1, self._bins * self._pairs, self._fields))
        total = ops.log(ops.mean(power, axis=1) + _POWER_FLOOR)
        e = [level_features(levels[:, 0]), levels[:, 1:], total]
        e = self.embed(ops.concatenate(e, axis=-1))
        for c in condition:
            c = self.condition(c)
            e = e + c
            placed = ops.reshape(self.place(c), (-1, self._bins, _PLACED))
            u = ops.concatenate([u, placed], axis=-1)
        u = self.encode(u)
        for block in self.blocks:
            u = block((u, e))
        f = self._inverse(self.decode(ops.silu(u)))
        if not self.variance_head:
            return f, None
        pooled = ops.stop_gradient(
            ops.concatenate([ops.mean(u, axis=1), ops.std(u, axis=1)], axis=-1)
        )
        log_var = self.variance(self.describe(pooled))
        return f, ops.reshape(log_var, (-1, *self._event))

    def _transform(self, x):
        """Fields of the channel domain to [batch, bins, pairs, fields, re and im]."""
        split = (-1, self._pairs, self._bins, self._fields, 2)
        x = ops.transpose(ops.reshape(x, split), (0, 1, 3, 2, 4))
        # One product of matrices: batched ones with a shared factor are slower, and
        # TensorFlow's crash at rank four (2.21 on a CPU, oneDNN).
        x = ops.reshape(x, (-1, 2 * self._bins)) @ self._dft
        x = ops.reshape(x, (-1, self._pairs, self._fields, self._bins, 2))
        x = ops.transpose(x, (0, 3, 1, 2, 4))
        return ops.reshape(x, (-1, self._bins, 2 * self._pairs * self._fields))

    def _inverse(self, u):
        """Fourier features to [batch, *event, 2]; a unitary matrix's inverse."""
        u = ops.reshape(u, (-1, self._bins, self._pairs, 2))
        u = ops.reshape(ops.transpose(u, (0, 2, 1, 3)), (-1, 2 * self._bins))
        return ops.reshape(u @ ops.transpose(self._dft), (-1, *self._event, 2))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "width": self.width,
            "depth": self.depth,
            "kernel_size": self.kernel_size,
            "variance": self.variance_head,
        }


def level_features(log_no):
    """Return a noise level and its sines, [batch, 11], for ln(no) : [batch]."""
    level = log_no[:, None] / _LOG_NO_SCALE
    angle = level * ops.convert_to_tensor(_FREQUENCIES, "float32")
    return ops.concatenate([level, ops.sin(angle), ops.cos(angle)], axis=-1)
