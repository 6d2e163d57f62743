"""Autoencoder whose decoder also learns from a critic."""

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
from commgen.generative.autoencoder.vae import VariationalAutoencoder
from commgen.generative.family import NetworkFamily
from commgen.generative.networks.decoder import SpectrumDecoder, draw_coefficients

# Weight of the critic's score against the evidence bound in nats a coefficient.
_SCORE_WEIGHT = 0.02


@keras.saving.register_keras_serializable("commgen")
class AdversarialAutoencoder(VariationalAutoencoder):
    r"""VAE-GAN hybrid: the evidence bound keeps every mode, the critic the details.

    The decoder minimises the negative evidence bound of
    :class:`~commgen.generative.VariationalAutoencoder` minus a small multiple of the
    score that a Wasserstein critic gives to channels decoded from draws of the latent
    prior (after Larsen et al., *Autoencoding beyond Pixels Using a Learned Similarity
    Metric*, ICML 2016, with the critic of Gulrajani et al., NeurIPS 2017, and no
    learned similarity). Channels are decoded with an average of the decoder's weights.

    Parameters
    ----------
    event_shape, num_latents, width, depth, num_conditions, name
        As in :class:`~commgen.generative.VariationalAutoencoder`, with one Gaussian as
        prior; the critic is of the same width and depth.
    """

    learns_from_noise = False
    default_training = critic_training(60)
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
        super().__init__(
            event_shape, num_latents, 1, width, depth, num_conditions, name=name
        )
        self.averaged = SpectrumDecoder(self.event_shape, width, depth)
        self.averaged.build((None, num_latents))
        self.averaged.set_weights(self.decoder.get_weights())
        self.averaged.trainable = False
        self.critic = Critic(width, depth)
        self.critic.build((self.event_shape, num_conditions))

    def _examples(self, rng, h, condition, *, validating=False, data_no=0.0):
        x, real = super()._examples(
            rng, h, condition, validating=validating, data_no=data_no
        )
        draws = 1 if validating else CRITIC_STEPS + 1
        more = critic_noise(
            rng, len(h), self.num_latents, self.event_shape, draws=draws
        )
        return {**x, "draws": more}, real

    def _fake(self, x, i, given, decoder):
        z = self.prior.place(x["draws"]["latents"][:, i], given)
        mean, log_var = decoder(z)
        return draw_coefficients(mean, log_var, x["draws"]["noise"][:, i])

    def train_step(self, data):
        """Move the critic by some steps, and the autoencoder by one."""
        x, real = data
        given = self._given(x.get("condition"))
        for i in range(CRITIC_STEPS):
            fake = self._fake(x, i, given, self.decoder)
            improve_critic(self, real, fake, given, x["draws"]["u"][:, i])
        of_critic = {id(v) for v in self.critic.trainable_variables}
        variables = [v for v in self.trainable_variables if id(v) not in of_critic]
        with tf.GradientTape() as tape:
            bound = self._loss(x, real, self(x, training=True))
            score = ops.mean(self.critic(self._fake(x, -1, given, self.decoder), given))
            loss = bound - _SCORE_WEIGHT * score
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        average_weights(self.averaged, self.decoder)
        return tell_loss(self, bound)

    def test_step(self, data):
        """Return the sliced Wasserstein distance of drawn to validation channels."""
        x, real = data
        given = self._given(x.get("condition"))
        fake = self._fake(x, 0, given, self.averaged)
        return tell_loss(self, sliced_distance(real, fake))

    @property
    def _decoder(self):
        return self.averaged

    @property
    def averaged_weights(self):
        """Of the network that channels are drawn with."""
        return self.averaged.weights

    def get_config(self):
        """Return the arguments of the constructor."""
        config = super().get_config()
        del config["num_components"]
        return config


FAMILIES = {"vae-gan": NetworkFamily(AdversarialAutoencoder)}
