"""Network that reads the spectra of a separable covariance from a noisy channel."""

import numpy as np

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, ops
from commgen.generative.learned_filter.toeplitz_filter import real_steering
from commgen.generative.networks.fourier_denoiser import ResidualBlock, level_features

# Points for each antenna: of the periodogram, and of the spectrum.
SEEN, MADE = 2, 4
# ln of a spectral density over the noise's: beyond these it makes no difference.
_LOG_RANGE = (-14.0, 14.0)
_POWER_FLOOR = 1e-3
_LEVEL_FEATURES = 12
_LOG_SCALE = 3.0


@keras.saving.register_keras_serializable("commgen")
class SpectrumStage(layers.Layer):
    """One look at the periodogram along one axis.

    Parameters
    ----------
    width, depth, kernel_size
        Features, residual blocks, and bins that a block sees at once.
    heads
        Weightings of this axis's bins that it hands to the other axis; 0 for the last
        look, after which no other comes.
    """

    def __init__(self, width, depth, kernel_size, heads, **kwargs):
        super().__init__(**kwargs)
        self.width, self.depth = width, depth
        self.kernel_size, self.heads = kernel_size, heads
        self.enter = layers.Dense(width)
        self.blocks = [ResidualBlock(width, kernel_size) for _ in range(depth)]
        self.weigh = layers.Dense(heads) if heads else None

    def build(self, input_shape):
        """Build for (state, periodograms, embedding)."""
        state, power, embedding = input_shape
        self.enter.build(power)
        for block in self.blocks:
            block.build((state, embedding))
        if self.weigh is not None:
            self.weigh.build(state)

    def call(self, inputs):
        """Return the next state [batch, bins, width] and weights [batch, bins, heads].

        The weights of a head sum to one; without heads they are None.
        """
        x, power, e = inputs
        x = x + self.enter(ops.log(power + _POWER_FLOOR) / _LOG_SCALE)
        for block in self.blocks:
            x = block((x, e))
        return x, None if self.weigh is None else ops.softmax(self.weigh(x), axis=1)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "width": self.width,
            "depth": self.depth,
            "kernel_size": self.kernel_size,
            "heads": self.heads,
        }


@keras.saving.register_keras_serializable("commgen")
class SpectrumNetwork(layers.Layer):
    """Two spectra whose product is the power of a channel over angle and angle.

    What tells of a separable covariance is how power spreads along each axis. Along
    one axis it is seen best where the other one is strong: the network looks in turns,
    and weighs the bins of either axis by what it has made of it so far. Whatever turns
    the channel's phase, or mirrors and conjugates it, leaves the spectra as they are.

    Parameters
    ----------
    width, depth, kernel_size
        As in :class:`~commgen.generative.FourierDenoiser`, along each axis; ``depth``
        blocks a round.
    rounds
        Looks along each axis.
    heads
        Weightings that one axis hands to the other.

    Input
    -----
    y : [batch, 2, n_b, n_a], float
        Channels in noise of unit variance, in the real coordinates of
        :mod:`~commgen.generative.learned_filter.toeplitz_filter`.
    log_no : [batch], float
        Logarithm of the noise variance that was scaled to one, with channels of about
        unit power before.

    Output
    ------
    s_a : [batch, 4 n_a], float
    s_b : [batch, 4 n_b], float
        Spectral densities, the first one in units of the noise.
    log_var : [batch], float
        Logarithm of the error variance over that of the filter with these spectra.
    """

    def __init__(self, width=32, depth=1, kernel_size=5, rounds=3, heads=3, **kwargs):
        super().__init__(**kwargs)
        self.width = check_int("width", width, low=1)
        self.depth = check_int("depth", depth, low=1)
        self.kernel_size = check_int("kernel_size", kernel_size, low=1)
        self.rounds = check_int("rounds", rounds, low=1)
        self.heads = check_int("heads", heads, low=1)
        self.embed = layers.Dense(width, activation="silu")
        stage = (width, depth, kernel_size)
        handed = [heads] * (rounds - 1)
        self.along_a = [SpectrumStage(*stage, n) for n in [*handed, heads]]
        self.along_b = [SpectrumStage(*stage, n) for n in [*handed, 0]]
        zeros = {"kernel_initializer": "zeros"}
        self.make_a = layers.Dense(MADE // SEEN, **zeros)
        self.make_b = layers.Dense(MADE // SEEN, **zeros)
        self.describe = layers.Dense(width, activation="silu")
        self.variance = layers.Dense(1, **zeros)

    def build(self, input_shape):
        """Build for the shapes of (y, log_no)."""
        n_b, n_a = input_shape[0][2:]
        self.bins = SEEN * n_a, SEEN * n_b
        embedding = (None, self.width)
        self.embed.build((None, _LEVEL_FEATURES))
        num_periodograms = 2 * (self.heads + 1)
        for bins, stages, make in (
            (self.bins[0], self.along_a, self.make_a),
            (self.bins[1], self.along_b, self.make_b),
        ):
            state = (None, bins, self.width)
            for stage in stages:
                stage.build((state, (None, bins, num_periodograms), embedding))
            make.build(state)
        # A convolution knows no place, but a path near endfire is narrower.
        self.place_a, self.place_b = (
            self.add_weight(
                shape=(bins, self.width), initializer="zeros", name=f"place_{axis}"
            )
            for axis, bins in zip("ab", self.bins, strict=True)
        )
        # After the weights, which a file must hold for the shape that it asks for.
        self._analysis = _analysis(n_a, n_b)
        self.describe.build((None, 3 * self.width))
        self.variance.build((None, self.width))
        self.built = True

    def call(self, inputs):
        """Return s_a, s_b and log_var."""
        y, log_no = inputs
        power = self._periodogram(y)
        total = ops.log(ops.mean(y**2, axis=(1, 2, 3)) * 2 + _POWER_FLOOR)
        e = [level_features(log_no), total[:, None] / _LOG_SCALE]
        e = self.embed(ops.concatenate(e, axis=-1))
        bins_a, bins_b = self.bins
        even_a = ops.ones_like(power[:, 0, :, :1]) / bins_a
        even_b = ops.ones_like(ops.swapaxes(power[:, 0, :1], 1, 2)) / bins_b
        heads = ops.ones((1, 1, self.heads))
        x_a, w_a = self.place_a[None], even_a * heads
        x_b, w_b = self.place_b[None], even_b * heads
        for along_a, along_b in zip(self.along_a, self.along_b, strict=True):
            w = ops.concatenate([even_b, w_b], axis=-1)
            x_a, w_a = along_a((x_a, _weighed(power, w), e))
            w = ops.concatenate([even_a, w_a], axis=-1)
            x_b, w_b = along_b((x_b, _weighed(ops.swapaxes(power, 2, 3), w), e))
        s_a, s_b = (
            ops.exp(
                ops.clip(
                    ops.reshape(make(x), (-1, MADE // SEEN * bins)) + first, *_LOG_RANGE
                )
            )
            for make, x, bins, first in (
                (self.make_a, x_a, bins_a, -log_no[:, None]),
                (self.make_b, x_b, bins_b, 0.0),
            )
        )
        pooled = ops.concatenate([e, ops.mean(x_a, axis=1), ops.mean(x_b, axis=1)], -1)
        log_var = self.variance(self.describe(ops.stop_gradient(pooled)))
        return s_a, s_b, log_var[:, 0]

    def _periodogram(self, y):
        """Return the power over both angles, [batch, 2, bins_a, bins_b].

        Along the first angle it is taken twice: without a window, and with one that
        lets little leak. White noise of unit variance gives ones.
        """
        n_b, n_a = y.shape[2:]
        to_a, to_b = self._analysis
        x = ops.reshape(y, (-1, n_a)) @ to_a
        x = ops.reshape(x, (-1, n_b, x.shape[-1]))
        x = ops.reshape(ops.swapaxes(x, 1, 2), (-1, n_b)) @ to_b
        x = ops.reshape(x, (-1, 2, 2, *self.bins))
        return ops.sum(x**2, axis=1)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "width": self.width,
            "depth": self.depth,
            "kernel_size": self.kernel_size,
            "rounds": self.rounds,
            "heads": self.heads,
        }


def _analysis(n_a, n_b):
    """Return what takes channels to Fourier coefficients, along either axis."""
    windows = np.ones(n_a), np.hanning(n_a + 2)[1:-1]
    to_a = [real_steering(n_a, SEEN * n_a, w / np.sqrt(np.sum(w**2))) for w in windows]
    to_b = real_steering(n_b, SEEN * n_b) / np.sqrt(n_b)
    return (
        ops.convert_to_tensor(np.concatenate(to_a, axis=1), "float32"),
        ops.convert_to_tensor(to_b, "float32"),
    )


def _weighed(power, weights):
    """Sum power [b, t, k, l] over l by weights [b, l, h], to [b, k, t h]."""
    seen = ops.matmul(power, weights[:, None])
    seen = ops.transpose(seen, (0, 2, 1, 3))
    return ops.reshape(seen, (-1, seen.shape[1], seen.shape[2] * seen.shape[3]))
