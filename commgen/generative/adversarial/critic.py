"""Wasserstein critic with a gradient penalty."""

from commgen.generative._untyped import keras, layers, ops, tf
from commgen.generative.networks.subnets import ResidualMLP, channel_features

# Weight of the penalty (Gulrajani et al., NeurIPS 2017, sec. 4).
_PENALTY = 10.0
# Power under which a logarithm counts no more: it bounds the slope of the features.
_POWER_FLOOR = 0.05


@keras.saving.register_keras_serializable("commgen")
class Critic(layers.Layer):
    """Scores channels; the difference of mean scores estimates a Wasserstein distance.

    Parameters
    ----------
    width, depth
        As in :class:`~commgen.generative.networks.subnets.ResidualMLP`.

    Input
    -----
    x : [batch, *event_shape, 2], float
        Scaled coefficients.
    condition : [batch, num_conditions], float, or None
        Standardised.

    Output
    ------
    score : [batch], float
    """

    def __init__(self, width=256, depth=2, **kwargs):
        super().__init__(**kwargs)
        self.width, self.depth = width, depth
        self.network = ResidualMLP(width, depth, 1)

    def build(self, input_shape):
        """Build for (event_shape, num_conditions)."""
        event, num_conditions = input_shape
        size = 1
        for n in event:
            size *= n
        # Coefficients, their log powers, and the logarithm of the whole power.
        self.network.build((None, 3 * size + 1 + num_conditions))

    def call(self, x, condition=None):
        """Return the scores."""
        features = channel_features(x, _POWER_FLOOR)
        power = ops.mean(x**2, axis=tuple(range(1, len(x.shape))))
        parts = [features, ops.log(power + 1e-4)[:, None]]
        if condition is not None:
            parts.append(condition)
        return self.network(ops.concatenate(parts, axis=1))[:, 0]

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), "width": self.width, "depth": self.depth}


def critic_loss(critic, real, fake, condition, u):
    r"""Return the loss of a critic with gradient penalty.

    .. math:: E[D(\tilde x)] - E[D(x)] + 10\,E[(\|\nabla D(\hat x)\|_2 - 1)^2]

    at points between real and drawn channels (Gulrajani et al., NeurIPS 2017, eq. 3).

    Parameters
    ----------
    critic
        :class:`Critic`.
    real, fake : [batch, *event_shape, 2], float
        Coefficients of training channels, and drawn ones.
    condition : [batch, num_conditions], float, or None
        Of both.
    u : [batch], float
        Where between them, uniform in [0, 1].
    """
    u = ops.reshape(u, (-1,) + (1,) * (len(real.shape) - 1))
    between = u * real + (1 - u) * fake
    with tf.GradientTape() as tape:
        tape.watch(between)
        score = critic(between, condition)
    slope = tape.gradient(score, between)
    norm = ops.sqrt(ops.sum(slope**2, axis=tuple(range(1, len(real.shape)))) + 1e-12)
    distance = ops.mean(critic(fake, condition)) - ops.mean(critic(real, condition))
    return distance + _PENALTY * ops.mean((norm - 1) ** 2)
