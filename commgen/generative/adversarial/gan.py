"""Wasserstein GAN of complex channels."""

import numpy as np

from commgen._checks import check_int
from commgen.generative._untyped import keras, ops, tf
from commgen.generative.adversarial.critic import Critic
from commgen.generative.adversarial.steps import (
    CRITIC_STEPS,
    average_weights,
    critic_noise,
    critic_training,
    improve_critic,
    sliced_distance,
    tell_loss,
)
from commgen.generative.family import NetworkFamily
from commgen.generative.network import NetworkModel
from commgen.generative.networks.decoder import SpectrumDecoder, draw_coefficients
from commgen.generative.networks.fourier import FourierScale


@keras.saving.register_keras_serializable("commgen")
class WassersteinGAN(NetworkModel):
    r"""WGAN with gradient penalty whose generator gives mean and spectrum.

    The generator turns a latent vector into the mean and variances of the Fourier
    coefficients, of which one draw is the channel: what is random in every channel,
    the phases of its scatterers, the network need not learn. The critic is that of
    Gulrajani et al., *Improved Training of Wasserstein GANs*, NeurIPS 2017. Both
    learn in every step; channels are drawn with an average of the generator's weights.

    Parameters
    ----------
    event_shape
        Shape of one channel.
    num_latents
        Length of the latent vector.
    width, depth
        Of generator and critic.
    num_conditions, name
        As in :class:`~commgen.generative.GenerativeModel`; both networks are given the
        condition.
    """

    default_training = critic_training(70)
    updates_per_step = CRITIC_STEPS + 1

    def __init__(
        self,
        event_shape,
        num_latents=32,
        width=256,
        depth=2,
        num_conditions=0,
        *,
        name=None,
    ):
        super().__init__(event_shape, num_conditions, name=name)
        self.num_latents = check_int("num_latents", num_latents, low=1)
        self.width, self.depth = width, depth
        self.scale = FourierScale(self.event_shape)
        self.generator = SpectrumDecoder(self.event_shape, width, depth)
        self.averaged = SpectrumDecoder(self.event_shape, width, depth)
        for network in (self.generator, self.averaged):
            network.build((None, num_latents + num_conditions))
        self.averaged.set_weights(self.generator.get_weights())
        self.averaged.trainable = False
        self.critic = Critic(width, depth)
        self.critic.build((self.event_shape, num_conditions))
        self.built = True

    def _sums(self, h, condition):
        return self.scale.sums(h)

    def _adapt(self, total):
        self.scale.adapt_sums(total)

    def _examples(self, rng, h, condition, *, validating=False):
        x = {"real": self.scale.encode(h)}
        draws = 1 if validating else CRITIC_STEPS + 1
        x |= critic_noise(rng, len(h), self.num_latents, self.event_shape, draws=draws)
        if self.num_conditions:
            x["condition"] = condition
        return x, np.zeros(len(h), np.float32)

    def _given(self, x):
        return self.conditioning(x["condition"]) if self.num_conditions else None

    def generate(self, z, noise, condition=None, *, averaged=True):
        """Return coefficients, [batch, *event_shape, 2]; condition standardised."""
        network = self.averaged if averaged else self.generator
        if condition is not None:
            z = ops.concatenate([z, condition], axis=1)
        mean, log_var = network(z)
        return draw_coefficients(mean, log_var, noise)

    def train_step(self, data):
        """Move the critic by some steps, and the generator by one."""
        x, _ = data
        given = self._given(x)
        for i in range(CRITIC_STEPS):
            fake = self._fake(x, i, given)
            distance = improve_critic(self, x["real"], fake, given, x["u"][:, i])
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            loss = -ops.mean(self.critic(self._fake(x, -1, given), given))
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        average_weights(self.averaged, self.generator)
        return tell_loss(self, distance)

    def _fake(self, x, i, given, *, averaged=False):
        noise = x["latents"][:, i], x["noise"][:, i]
        return self.generate(*noise, given, averaged=averaged)

    def test_step(self, data):
        """Return the sliced Wasserstein distance of drawn to validation channels."""
        x, _ = data
        fake = self._fake(x, 0, self._given(x), averaged=True)
        return tell_loss(self, sliced_distance(x["real"], fake))

    def _draw(self, rng, n, condition):
        z = rng.standard_normal((n, self.num_latents), np.float32)
        noise = rng.standard_normal((n, *self.event_shape, 2), np.float32)
        given = None if condition is None else self.conditioning(condition)
        return self.scale.decode(self._graph("generate")(z, noise, given))

    @property
    def averaged_weights(self):
        """Of the network that channels are drawn with."""
        return self.averaged.weights

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "num_latents": self.num_latents,
            "width": self.width,
            "depth": self.depth,
        }


FAMILIES = {"wgan": NetworkFamily(WassersteinGAN)}
