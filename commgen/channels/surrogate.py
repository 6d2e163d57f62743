"""A channel learned from its inputs and outputs, through which gradients flow."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy import Block

from commgen._checks import check_finite, check_int
from commgen.generative import TrainingConfig, load_model, read_card
from commgen.generative.diffusion.rectified_flow import RectifiedFlow
from commgen.generative.networks.dense_denoiser import DenseDenoiser
from commgen.generative.noisy_examples import SNR_RANGE_DB

_LEAST_BLOCKS = 1000
# Share of the deviation of y that a linear function of x must leave.
_LEAST_REST = 1e-5
# Levels between the lowest and the highest SNR: a received symbol is nearly told by
# the one sent, and its noise must not be averaged over.
_FLOW_STEPS = 24


class SurrogateChannel(Block):
    r"""Learned p(y | x) whose samples are differentiable with respect to x.

    Where a transmitter is to be learned over a channel that is known by measurement
    only, its gradient must come through a model of the channel (Ye et al., *Channel
    Agnostic End-to-End Learning*, IEEE WCL 2018, who take a GAN). Here the model is a
    :class:`~commgen.generative.RectifiedFlow` of ``block_length`` received symbols
    under the condition of as many sent ones, distilled to ``num_steps`` steps, so that
    y is a smooth function of x and of noise that is drawn inside. What of y is linear
    in x is taken out first, by least squares.

    Parameters
    ----------
    block_length
        Symbols that the channel may join: 1 where it has no memory. Blocks follow each
        other on the last axis of x, each on its own.
    num_steps
        Steps of a sample. One is exact where y is Gaussian given x.
    width, depth
        Of both networks,
        :class:`~commgen.generative.networks.dense_denoiser.DenseDenoiser`.

    Input
    -----
    x : [..., n_symbols], complex
        Sent symbols; ``n_symbols`` is a multiple of ``block_length``.
    seed : [2], int
        Two numbers that decide the noise, such as a seed and the number of the step;
        tensors in a compiled training loop, so that it is traced once.

    Output
    ------
    y : [..., n_symbols], complex
        Received symbols.
    """

    def __init__(self, block_length=1, *, num_steps=1, width=64, depth=2):
        super().__init__(precision="single")
        self.block_length = check_int("block_length", block_length, low=1)
        self.num_steps = check_int("num_steps", num_steps, low=1)
        self.flow: Any = RectifiedFlow(
            (self.block_length,),
            DenseDenoiser(width, depth),
            num_steps=self.num_steps,
            num_conditions=2 * self.block_length,
            straight=DenseDenoiser(width, depth, variance=False),
            num_flow_steps=_FLOW_STEPS,
            end_snr_db=SNR_RANGE_DB[1],
        )
        self._set(np.eye(self.block_length), (1.0, 1.0))

    def fit(
        self,
        x,
        y,
        *,
        seed,
        training: TrainingConfig | None = None,
        num_pairs: int | None = None,
        progress=False,
    ):
        """Learn from what was sent and received.

        Parameters
        ----------
        x, y : [..., n_symbols], complex
            Sent and received symbols, at least 1000 blocks. What is sent should cover
            all that a transmitter may come to send, and no more.
        seed
            Seed of order and noise; initial weights follow
            :func:`keras.utils.set_random_seed`.
        training
            Length and rate of fit and distillation; 20 epochs where None.
        num_pairs
            Paths that the distillation learns from; four for each block where None,
            but 40,000 at most.
        progress
            Show progress bars.

        Returns
        -------
        SurrogateChannel
            This channel.

        Raises
        ------
        ValueError
            If the shapes differ or do not fill blocks, there are too few blocks, an
            entry is not finite, either has no power, or y is a linear function of x.
        """
        x, y = self._blocks(x, y)
        B = np.linalg.lstsq(x, y, rcond=None)[0]
        rest = y - x @ B
        scale = [float(np.sqrt(np.mean(np.abs(v) ** 2))) for v in (x, y, rest)]
        for name, power in zip("xy", scale, strict=False):
            if power == 0:
                raise ValueError(f"{name} must have power above 0, got 0.")
        if scale[2] < _LEAST_REST * scale[1]:
            raise ValueError(
                "y must be more than a linear function of x: there is nothing to "
                f"learn, since {scale[2] / scale[1]:.1g} of it is left."
            )
        training = training or TrainingConfig(num_epochs=20)
        condition = np.concatenate([x.real, x.imag], axis=1) / scale[0]
        condition = condition.astype(np.float32)
        # A turn of y without its x is no symmetry.
        options: Any = {"seed": seed, "training": training, "symmetries": ()}
        options["progress"] = progress
        self.flow.fit(rest / scale[2], condition, **options)
        n = min(4 * len(x), 40_000) if num_pairs is None else num_pairs
        rows = np.random.default_rng([seed, 4]).integers(len(x), size=n)
        pairs = self.flow.draw_pairs(n, condition[rows], seed=seed, progress=progress)
        self.flow.distil(pairs, num_steps=self.num_steps, **options)
        self._set(B, (scale[0], scale[2]))
        return self

    def _set(self, linear, scale):
        """Keep the linear part, and the deviations of x and of the rest of y."""
        self._linear = np.asarray(linear, np.complex64)
        self._scale = (float(scale[0]), float(scale[1]))

    def _blocks(self, x, y):
        x, y = np.asarray(x), np.asarray(y)
        if x.shape != y.shape or x.ndim < 1:
            raise ValueError(
                f"x and y must have one shape [..., n_symbols], got {x.shape} and "
                f"{y.shape}."
            )
        self._check_length(x.shape)
        if x.size < _LEAST_BLOCKS * self.block_length:
            raise ValueError(
                f"x must hold at least {_LEAST_BLOCKS} blocks of {self.block_length} "
                f"symbols, got {x.size // self.block_length}."
            )
        for name, value in (("x", x), ("y", y)):
            check_finite(name, value)
        return x.reshape(-1, self.block_length), y.reshape(-1, self.block_length)

    def _check_length(self, shape):
        if len(shape) < 1 or shape[-1] is None or shape[-1] % self.block_length:
            raise ValueError(
                f"x must be [..., n_symbols], a multiple of {self.block_length}, got "
                f"{tuple(shape)}."
            )

    def call(self, x, *, seed):
        """Send x : [..., n_symbols], complex, through the learned channel."""
        self._check_length(x.shape)
        x = tf.cast(x, tf.complex64)
        blocks = tf.reshape(x, (-1, self.block_length))
        parts = tf.concat([tf.math.real(blocks), tf.math.imag(blocks)], axis=1)
        parts /= self._scale[0]
        shape = tf.stack([tf.shape(blocks)[0], self.block_length, 2])
        z = tf.random.stateless_normal(shape, seed=seed)
        rest = self.flow.carry(z, parts) * self._scale[1]
        y = blocks @ self._linear + tf.complex(rest[..., 0], rest[..., 1])
        return tf.reshape(y, tf.shape(x))

    def save(self, path: str | Path) -> None:
        """Save to the folder ``path``."""
        B = self._linear
        linear = [B.real.tolist(), B.imag.tolist()]
        card = {"kind": "surrogate", "scale": list(self._scale), "linear": linear}
        self.flow.save(path, card=card)

    @classmethod
    def load(cls, path: str | Path) -> "SurrogateChannel":
        """Load the folder that :meth:`save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no model at ``path``.
        ValueError
            If the file is damaged, or no surrogate's.
        """
        flow: Any = load_model(path)
        card = read_card(path)
        if card.get("kind") != "surrogate" or not isinstance(flow, RectifiedFlow):
            raise ValueError(f"{path} holds a model that is no surrogate channel.")
        surrogate = cls(flow.event_shape[0], num_steps=flow.num_steps, width=1, depth=1)
        surrogate.flow = flow
        re, im = (np.array(part) for part in card["linear"])
        surrogate._set(re + 1j * im, card["scale"])
        return surrogate
