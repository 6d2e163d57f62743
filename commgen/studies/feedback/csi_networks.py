"""Networks that compress a channel of delays and beams, after two papers."""

from typing import Any

import keras as _keras
import numpy as np
from scipy.linalg import eigh

keras: Any = _keras
layers: Any = _keras.layers

_SLOPE = 0.3
_BATCH, _PASS = 50, 500
# Of a latent's deviation, where the outermost cells lie.
_REACH = 8


def _conv(x, filters, size, *, last=False):
    x = layers.Conv2D(filters, size, padding="same", use_bias=False)(x)
    # What is added to a short cut begins at zero.
    first = "zeros" if last else "ones"
    x = layers.BatchNormalization(momentum=0.9, gamma_initializer=first)(x)
    return x if last else layers.LeakyReLU(negative_slope=_SLOPE)(x)


def _csi_encoder(x):
    return _conv(x, 2, 3, last=True)


def _csi_decoder(x):
    """Two RefineNet blocks."""
    for _ in range(2):
        y = _conv(_conv(x, 8, 3), 16, 3)
        x = layers.Add()([x, _conv(y, 2, 3, last=True)])
    return x


def _cr_encoder(x):
    wide = _conv(_conv(_conv(x, 2, 3), 2, (1, 9)), 2, (9, 1))
    return _conv(layers.Concatenate()([wide, _conv(x, 2, 3)]), 2, 1, last=True)


def _cr_decoder(x):
    """Convolution and two CRBlocks, whose paths see at two resolutions."""
    x = layers.Add()([x, _conv(x, 2, 5, last=True)])
    for _ in range(2):
        wide = _conv(_conv(_conv(x, 7, 3), 7, (1, 9)), 7, (9, 1))
        near = _conv(_conv(x, 7, (1, 5)), 7, (5, 1))
        y = _conv(layers.Concatenate()([wide, near]), 2, 1, last=True)
        x = layers.Add()([x, y])
    return x


#: Encoder and decoder around the dense layers: as in CsiNet (Wen, Shih and Jin,
#: arXiv:1712.08919, fig. 2) and CRNet (Lu, Wang and Song, arXiv:1910.14322, fig. 1).
KINDS = {
    "CsiNet-like": (_csi_encoder, _csi_decoder),
    "CRNet-like": (_cr_encoder, _cr_decoder),
}


class CsiNetwork:
    """Encoder and decoder of channels, with latents that are quantised and counted.

    Unlike those of the papers, which learn for a thousand epochs from random weights,
    these have short cuts around their convolutions, and their dense layers begin at the
    principal directions of the channels: they begin as what a linear code tells, and
    learn what is beyond it.

    Parameters
    ----------
    kind
        Key of :data:`KINDS`.
    num_latents
        Real numbers between encoder and decoder.
    h : [n, num_ant, num_delays], complex
        Channels to learn. Real and imaginary parts are scaled to [0, 1] by the largest
        of all, as in both papers.
    seed
        Of the first weights.
    """

    def __init__(self, kind: str, num_latents: int, h: np.ndarray, seed: int):
        keras.utils.set_random_seed(seed)
        self._h, self._first = h, KINDS[kind]
        self.scale = float(max(np.abs(np.real(h)).max(), np.abs(np.imag(h)).max()))
        self._build(num_latents, (*h.shape[1:], 2))

    def _build(self, num_latents, full):
        first, last = self._first
        # Numbers lie close to a half, by this deviation.
        near = float(np.sqrt(np.mean(np.abs(self._h) ** 2) / 2)) / 2 / self.scale
        V = _principal((self._numbers(self._h) - 0.5) / near, num_latents)
        x = keras.Input(full)
        y = layers.Rescaling(1 / near, -0.5 / near)(x)
        y = layers.Flatten()(layers.Add()([y, first(y)]))
        encode = layers.Dense(num_latents)
        self.encoder = keras.Model(x, encode(y))
        encode.set_weights([V, np.zeros(num_latents)])
        code = keras.Input((num_latents,))
        decode, end = layers.Dense(len(V)), layers.Conv2D(2, 3, padding="same")
        y = end(last(layers.Reshape(full)(decode(code))))
        # The slope of a sigmoid at a half is a quarter.
        y = layers.Activation("sigmoid")(layers.Rescaling(4 * near)(y))
        self.decoder = keras.Model(code, y)
        decode.set_weights([V.T, np.zeros(len(V))])
        one = np.zeros((3, 3, 2, 2))
        one[1, 1] = np.eye(2)
        end.set_weights([one, np.zeros(2)])

    def fit(self, *, num_epochs: int, learning_rate: float = 5e-4) -> float:
        """Learn; return the last mean squared error of numbers in [0, 1].

        The rate falls to zero along half a cosine, as in CRNet.
        """
        x = self._numbers(self._h)
        steps = num_epochs * -(-len(x) // _BATCH)
        model = keras.Model(
            self.encoder.input, self.decoder(self.encoder(self.encoder.input))
        )
        rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        # Of numbers in [0, 1] the squares are too small for Adam's epsilon.
        adam = keras.optimizers.Adam(rate, epsilon=1e-10)
        model.compile(adam, "mse", jit_compile=False)  # it takes longer to compile
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


def _principal(x: np.ndarray, num: int) -> np.ndarray:
    """Return the principal directions [size, num] of numbers [n, ...]."""
    x = x.reshape(len(x), -1)
    size = x.shape[1]
    return eigh(x.T @ x, subset_by_index=(size - num, size - 1))[1]
