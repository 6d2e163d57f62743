"""What the families with a critic share: its steps, averages, and noise."""

import numpy as np

from commgen.generative._untyped import ops, tf
from commgen.generative.adversarial.critic import critic_loss
from commgen.generative.networks.subnets import channel_features
from commgen.generative.training import TrainingConfig

#: Steps of the critic for each of the generator.
CRITIC_STEPS = 3
# Share of a generator's new weights in the average that is sampled from.
_AVERAGE_RATE = 5e-3
# Projections of the distance that the best epoch is chosen by.
_PROJECTIONS = 64


def critic_training(num_epochs: int) -> TrainingConfig:
    """Return the usual training against a critic: to its end, with little momentum."""
    return TrainingConfig(
        num_epochs=num_epochs,
        batch_size=128,
        learning_rate=7e-4,
        weight_decay=0.0,
        beta_1=0.5,
        patience=num_epochs,
    )


def critic_noise(rng, n, num_latents, event_shape, *, draws) -> dict[str, np.ndarray]:
    """Draw what ``draws`` calls of a generator, and a gradient penalty each, take.

    Parameters
    ----------
    rng
        NumPy generator.
    n, num_latents, event_shape
        Channels in the batch, length of the latent vector, and shape of a channel.
    draws
        Calls.

    Returns
    -------
    dict
        ``noise`` : [n, draws, *event_shape, 2], ``latents`` : [n, draws, num_latents],
        standard normal; ``u`` : [n, draws], uniform.
    """
    return {
        "latents": rng.standard_normal((n, draws, num_latents), np.float32),
        "noise": rng.standard_normal((n, draws, *event_shape, 2), np.float32),
        "u": rng.random((n, draws), np.float32),
    }


def improve_critic(model, real, fake, given, u):
    """Move ``model.critic`` by one step; return its loss."""
    variables = model.critic.trainable_variables
    with tf.GradientTape() as tape:
        loss = critic_loss(model.critic, real, fake, given, u)
    model.optimizer.apply(tape.gradient(loss, variables), variables)
    return loss


def average_weights(averaged, network) -> None:
    """Move the weights of one layer towards those of another of its shape."""
    for old, new in zip(averaged.variables, network.variables, strict=True):
        old.assign_add(_AVERAGE_RATE * (new - old))


def tell_loss(model, loss) -> dict:
    """Return the mean of a loss over the epoch, as Keras reports losses."""
    model._loss_tracker.update_state(loss)
    return {"loss": model._loss_tracker.result()}


def sliced_distance(real, fake):
    """Return the mean squared distance of sorted projections of two sets' features.

    Parameters
    ----------
    real, fake : [n, *event_shape, 2], float
        Scaled coefficients, equally many.
    """
    real, fake = channel_features(real), channel_features(fake)
    directions = np.random.default_rng(0).normal(size=(real.shape[-1], _PROJECTIONS))
    directions = (directions / np.linalg.norm(directions, axis=0)).astype(np.float32)
    ordered = [ops.sort(part @ directions, axis=0) for part in (real, fake)]
    return ops.mean((ordered[0] - ordered[1]) ** 2)
