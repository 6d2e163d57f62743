"""Convolutional network over the bins of a Fourier domain, for masked inputs."""

from commgen.generative._untyped import keras, layers, ops
from commgen.generative.networks.fourier_denoiser import CircularConv, ResidualBlock


@keras.saving.register_keras_serializable("commgen")
class BinNetwork(layers.Layer):
    """Circular convolutions along the last axis of the event; others are features.

    What a beam says of its neighbours holds for all beams alike, so one kernel serves
    all; what is particular to a bin goes into an embedding of its own.

    Parameters
    ----------
    num_bins, num_rows
        Entries of the last axis, and of all others together.
    width, depth, kernel_size
        Features, residual blocks, and bins that a convolution sees at once.
    num_inputs, num_outputs
        Numbers for each entry of the event.

    Input
    -----
    x : [batch, num_rows * num_bins, num_inputs], float
        Of the entries in C order.
    context : [batch, num_context], float
        Of the whole channel.

    Output
    ------
    [batch, num_rows * num_bins, num_outputs], float
        Zero before training.
    """

    def __init__(
        self,
        num_bins,
        num_rows,
        *,
        width,
        depth,
        kernel_size,
        num_inputs,
        num_outputs,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_bins, self.num_rows = num_bins, num_rows
        self.width, self.depth, self.kernel_size = width, depth, kernel_size
        self.num_inputs, self.num_outputs = num_inputs, num_outputs
        self.enter = CircularConv(width, kernel_size)
        self.place = layers.Embedding(num_bins, width)
        self.blocks = [ResidualBlock(width, kernel_size) for _ in range(depth)]
        self.leave = layers.Dense(num_rows * num_outputs, kernel_initializer="zeros")

    def build(self, input_shape):
        """Build for the shapes of (x, context)."""
        features = (None, self.num_bins, self.width)
        self.enter.build((None, self.num_bins, self.num_rows * self.num_inputs))
        self.place.build((None,))
        for block in self.blocks:
            block.build((features, (None, input_shape[1][-1])))
        self.leave.build(features)

    def call(self, inputs):
        """Run the network."""
        x, context = inputs
        rows, bins = self.num_rows, self.num_bins
        x = ops.reshape(x, (-1, rows, bins, self.num_inputs))
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, bins, x.shape[-1] * rows))
        u = self.enter(x) + self.place(ops.arange(bins))
        for block in self.blocks:
            u = block((u, context))
        out = ops.reshape(self.leave(ops.silu(u)), (-1, bins, rows, self.num_outputs))
        return ops.reshape(
            ops.transpose(out, (0, 2, 1, 3)), (-1, rows * bins, self.num_outputs)
        )

    def get_config(self):
        """Return the arguments of the constructor."""
        names = ("num_bins", "num_rows", "width", "depth", "kernel_size")
        names += ("num_inputs", "num_outputs")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
