"""Network that reads the spectrum of a line of antennas, and reads it again."""

from typing import Any

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, ops
from commgen.generative.networks.fourier_denoiser import ResidualBlock, level_features

# Convolutions far apart see clusters, and those close together see their edges.
_DILATIONS = (1, 2, 4)
_LOG_SCALE = 3.0
_LEVEL_FEATURES = 12
#: Power in units of the noise under which its logarithm says nothing.
_NOISE_FLOOR = 0.1
_POWER_FLOOR = 1e-3
# Features of each bin: of the observation, and of an estimate.
_SEEN, _ESTIMATED = 2, 3
# Hidden numbers of a mixer, for each feature of the network.
_MIXED = 2


@keras.saving.register_keras_serializable("commgen")
class BinMixer(layers.Layer):
    """Residual layer that lets all bins see all others, each feature by itself.

    What a periodogram in much noise can mean follows from all of it at once (Tolstikhin
    et al., NeurIPS 2021, the token-mixing half of a block).

    Parameters
    ----------
    hidden
        Numbers that the bins of a feature are squeezed to.
    """

    def __init__(self, hidden, **kwargs):
        super().__init__(**kwargs)
        self.hidden = hidden
        self.norm = layers.LayerNormalization()
        self.squeeze = layers.Dense(hidden, activation="silu")

    def build(self, input_shape):
        """Build for [batch, bins, width]."""
        bins = input_shape[-2]
        self.norm.build(input_shape)
        self.squeeze.build((None, None, bins))
        self.spread = layers.Dense(bins, kernel_initializer="zeros")
        self.spread.build((None, None, self.hidden))
        self.built = True

    def call(self, x):
        """Map x : [batch, bins, width] to like x."""
        mixed = self.spread(self.squeeze(ops.transpose(self.norm(x), (0, 2, 1))))
        return x + ops.transpose(mixed, (0, 2, 1))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), "hidden": self.hidden}


@keras.saving.register_keras_serializable("commgen")
class LineStage(layers.Layer):
    """One look at all bins; see :class:`LineNetwork`.

    Parameters
    ----------
    width, depth, kernel_size
        Features, residual blocks, and bins that a block sees at once.
    """

    def __init__(self, width, depth, kernel_size, **kwargs):
        super().__init__(**kwargs)
        self.width, self.depth = width, depth
        self.kernel_size = kernel_size
        self.enter = layers.Dense(width)
        self.embed = layers.Dense(width, activation="silu")
        self.blocks = [
            ResidualBlock(width, kernel_size, _DILATIONS[k % len(_DILATIONS)])
            for k in range(depth)
        ]
        self.mixers = [BinMixer(_MIXED * width) for _ in range(depth)]
        self.leave = layers.Dense(1, kernel_initializer="zeros")

    def build(self, input_shape):
        """Build for (features, levels)."""
        features, levels = input_shape
        state = (None, features[-2], self.width)
        self.enter.build(features)
        self.embed.build(levels)
        for block, mixer in zip(self.blocks, self.mixers, strict=True):
            block.build((state, (None, self.width)))
            mixer.build(state)
        self.leave.build(state)
        # A convolution knows no place, but a path near endfire is narrower.
        self.place = self.add_weight(shape=state[1:], initializer="zeros", name="place")
        self.built = True

    def call(self, inputs):
        """Return a step of the logarithmic spectrum [batch, bins], and the features."""
        x, levels = inputs
        x = self.enter(x) + self.place
        e = self.embed(levels)
        for block, mixer in zip(self.blocks, self.mixers, strict=True):
            x = mixer(block((x, e)))
        return self.leave(ops.silu(x))[..., 0], ops.mean(x, axis=1)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "width": self.width,
            "depth": self.depth,
            "kernel_size": self.kernel_size,
        }


@keras.saving.register_keras_serializable("commgen")
class LineNetwork(layers.Layer):
    """Reads a spectral density from a noisy channel, in stages.

    The first stage sees the periodogram of the observation. A later one also sees what
    the LMMSE filter under the spectrum so far has made of the channel: the periodograms
    of the estimate and of what it leaves, as an EM step would.

    Parameters
    ----------
    width, depth, kernel_size
        As in :class:`~commgen.generative.FourierDenoiser`; ``depth`` blocks a stage.
    num_stages
        Looks at the channel.
    """

    def __init__(self, width=32, depth=5, kernel_size=5, num_stages=2, **kwargs):
        super().__init__(**kwargs)
        self.width = check_int("width", width, low=1)
        self.depth = check_int("depth", depth, low=1)
        self.kernel_size = check_int("kernel_size", kernel_size, low=1)
        self.num_stages = check_int("num_stages", num_stages, low=1)
        self.stages = [
            LineStage(width, depth, kernel_size) for _ in range(self.num_stages)
        ]
        self.describe = layers.Dense(width, activation="silu")
        self.variance = layers.Dense(1, kernel_initializer="zeros")

    def build(self, input_shape):
        """Build for the shape of a periodogram, [batch, bins]."""
        bins = self.bins = input_shape[-1]
        levels = (None, _LEVEL_FEATURES)
        for k, stage in enumerate(self.stages):
            stage.build(((None, bins, _SEEN + _ESTIMATED * (k > 0)), levels))
        self.describe.build((None, self.width + _LEVEL_FEATURES))
        self.variance.build((None, self.width))
        self.built = True

    def call(self, seen, log_no, estimate: Any = None):
        """Return the log-spectrum after each stage, and log_var.

        Parameters
        ----------
        seen : [batch, bins], float
            Periodogram of the observation in units of the noise.
        log_no : [batch], float
            Logarithm of the noise variance, for channels of about unit power.
        estimate
            ``estimate(log_spectrum)`` gives the periodograms of the estimate under a
            spectrum and of the rest, both [batch, bins], in units of the noise.

        Returns
        -------
        log_spectra
            List of [batch, bins], float: in units of the noise.
        log_var : [batch], float
            Logarithm of the error variance over that of the last filter.
        """
        total = ops.log(ops.mean(seen, axis=1, keepdims=True) + _POWER_FLOOR)
        levels = [level_features(log_no), (total + log_no[:, None]) / _LOG_SCALE]
        levels = ops.concatenate(levels, axis=-1)
        in_units = ops.exp(log_no)[:, None]
        features = [
            ops.log(seen * in_units + _POWER_FLOOR) / _LOG_SCALE,
            ops.log(seen + _NOISE_FLOOR) / _LOG_SCALE,
        ]
        log_spectrum = ops.zeros_like(seen) - log_no[:, None]
        log_spectra, pooled = [], levels
        for k, stage in enumerate(self.stages):
            looks = list(features)
            if k > 0:
                found, rest = estimate(log_spectrum)
                looks += [
                    ops.log(found * in_units + _POWER_FLOOR) / _LOG_SCALE,
                    ops.log(rest + _NOISE_FLOOR) / _LOG_SCALE,
                    (log_spectrum + log_no[:, None]) / _LOG_SCALE,
                ]
            step, pooled = stage((ops.stack(looks, axis=-1), levels))
            log_spectrum = log_spectrum + step
            log_spectra.append(log_spectrum)
        summary = ops.concatenate([pooled, levels], axis=-1)
        log_var = self.variance(self.describe(ops.stop_gradient(summary)))
        return log_spectra, log_var[:, 0]

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "width": self.width,
            "depth": self.depth,
            "kernel_size": self.kernel_size,
            "num_stages": self.num_stages,
        }
