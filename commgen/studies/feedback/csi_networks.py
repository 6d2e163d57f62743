"""Networks that compress a channel of delays and beams, after two papers."""

from typing import Any

import keras as _keras
import numpy as np

keras: Any = _keras
layers: Any = _keras.layers

_SLOPE = 0.3
_BATCH, _PASS = 100, 500
# Of a latent's deviation, where the outermost cells lie.
_REACH = 8


def _conv(x, filters, size, *, act=True):
    x = layers.Conv2D(filters, size, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.LeakyReLU(negative_slope=_SLOPE)(x) if act else x


def _csi_encoder(x, shape):
    return _conv(x, 2, 3)


def _csi_decoder(x, shape):
    """Two RefineNet blocks."""
    for _ in range(2):
        y = _conv(_conv(_conv(x, 8, 3), 16, 3), 2, 3, act=False)
        x = layers.LeakyReLU(negative_slope=_SLOPE)(layers.Add()([x, y]))
    return x


def _cr_encoder(x, shape):
    wide = _conv(_conv(_conv(x, 2, 3), 2, (1, 9)), 2, (9, 1))
    return _conv(layers.Concatenate()([wide, _conv(x, 2, 3)]), 2, 1)


def _cr_decoder(x, shape):
    """Convolution and two CRBlocks, whose paths see at two resolutions."""
    x = _conv(x, 2, 5)
    for _ in range(2):
        wide = _conv(_conv(_conv(x, 7, 3), 7, (1, 9)), 7, (9, 1))
        near = _conv(_conv(x, 7, (1, 5)), 7, (5, 1))
        y = _conv(layers.Concatenate()([wide, near]), 2, 1, act=False)
        x = layers.LeakyReLU(negative_slope=_SLOPE)(layers.Add()([x, y]))
    return x


#: Encoder and decoder around the dense layers: as in CsiNet (Wen, Shih and Jin,
#: arXiv:1712.08919, fig. 2) and CRNet (Lu, Wang and Song, arXiv:1910.14322, fig. 1).
KINDS = {
    "CsiNet-like": (_csi_encoder, _csi_decoder),
    "CRNet-like": (_cr_encoder, _cr_decoder),
}


class CsiNetwork:
    """Encoder and decoder of channels, with latents that are quantised and counted.

    Parameters
    ----------
    kind
        Key of :data:`KINDS`.
    num_latents
        Real numbers between encoder and decoder.
    shape
        Of a channel.
    seed
        Of the first weights.
    """

    def __init__(self, kind: str, num_latents: int, shape: tuple[int, int], seed: int):
        keras.utils.set_random_seed(seed)
        first, last = KINDS[kind]
        full = (*shape, 2)
        x = keras.Input(full)
        z = layers.Dense(num_latents)(layers.Flatten()(first(x, full)))
        self.encoder = keras.Model(x, z)
        code = keras.Input((num_latents,))
        y = layers.Reshape(full)(layers.Dense(int(np.prod(full)))(code))
        y = last(y, full)
        # Numbers lie close to a half, and so begins what is told of them.
        small = keras.initializers.RandomNormal(stddev=1e-3, seed=seed)
        y = layers.Conv2D(
            2, 3, padding="same", activation="sigmoid", kernel_initializer=small
        )(y)
        self.decoder = keras.Model(code, y)
        self.scale, self._seed = 1.0, seed

    def fit(self, h: np.ndarray, *, num_epochs: int, learning_rate=2e-3) -> float:
        """Learn channels [n, *shape], complex; return the last loss.

        Real and imaginary parts are scaled to [0, 1] by the largest of all channels;
        the rate falls to zero along half a cosine, as in CRNet.
        """
        self.scale = float(max(np.abs(h.real).max(), np.abs(h.imag).max()))
        x = self._numbers(h)
        steps = num_epochs * -(-len(h) // _BATCH)
        model = keras.Model(
            self.encoder.input, self.decoder(self.encoder(self.encoder.input))
        )
        rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        # Of numbers in [0, 1] the squares are too small for Adam's epsilon.
        model.compile(keras.optimizers.Adam(rate, epsilon=1e-10), "mse")
        found = model.fit(x, x, batch_size=_BATCH, epochs=num_epochs, verbose=0)
        z = self._passed(self.encoder, x)
        self._mean, self._deviation = z.mean(axis=0), z.std(axis=0) + 1e-12
        self._z = (z - self._mean) / self._deviation
        return float(found.history["loss"][-1])

    @property
    def num_parameters(self) -> int:
        """Of encoder and decoder."""
        return self.encoder.count_params() + self.decoder.count_params()

    def through(self, h: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
        """Return bits [n] and channels of quantised latents.

        Parameters
        ----------
        h : [n, *shape], complex
            Channels.
        step
            Of a uniform quantiser, over the deviation of each latent. Bits are ideal
            lengths under the frequencies of the training channels, latent by latent.
        """
        z = self._passed(self.encoder, self._numbers(h))
        z = (z - self._mean) / self._deviation
        end = int(np.ceil(_REACH / step))
        cells, seen = (
            np.clip(np.rint(x / step), -end, end).astype(int) + end
            for x in (z, self._z)
        )
        bits = np.zeros(len(h))
        for at, each in zip(cells.T, seen.T, strict=True):
            counts = np.bincount(each, minlength=2 * end + 1) + 0.05
            bits -= np.log2(counts[at] / counts.sum())
        z_hat = (cells - end) * step * self._deviation + self._mean
        y = self._passed(self.decoder, z_hat.astype(np.float32))
        parts = (y - 0.5) * 2 * self.scale
        return bits, parts[..., 0] + 1j * parts[..., 1]

    @staticmethod
    def _passed(model, x) -> np.ndarray:
        parts = np.array_split(x, -(-len(x) // _PASS))
        return np.concatenate([np.asarray(model(p, training=False)) for p in parts])

    def _numbers(self, h) -> np.ndarray:
        parts = np.stack([h.real, h.imag], axis=-1) / (2 * self.scale) + 0.5
        return parts.astype(np.float32)
