"""The contract that every generative model of complex channels keeps."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_amplitudes, check_finite, check_int
from commgen._memory import check_memory
from commgen.generative._untyped import keras

POWER_RANGE = (1e-3, 1e3)


@dataclass(frozen=True)
class Posterior:
    """What is known of channels h after y = A h + n was observed.

    Parameters
    ----------
    mean : [batch, *event_shape], complex
        Posterior mean, the estimate of least squared error.
    err_var : [batch, *event_shape], float
        Posterior variance of each entry.
    samples : [num_samples, batch, *event_shape], complex, or None
        Draws of the posterior, where they were asked for.

    Raises
    ------
    ValueError
        If an entry is NaN or infinite: an observation that its noise does not explain
        by far, as numbers of single precision go.
    """

    mean: np.ndarray
    err_var: np.ndarray
    samples: np.ndarray | None = None

    def __post_init__(self):
        for name in ("mean", "err_var", "samples"):
            value = getattr(self, name)
            if value is not None:
                check_finite(f"{name} of the posterior", np.asarray(value))


class GenerativeModel(keras.Model):
    r"""Distribution of complex channels that can be fitted, sampled and saved.

    Channels are complex arrays of ``event_shape``, such as ``(64,)`` for the antennas
    of an array or ``(3, 2, 30)`` for antenna pairs and subcarriers, scaled so that
    the mean of :math:`|h|^2` over the data set is near one.

    Parameters
    ----------
    event_shape
        Shape of one channel.
    num_conditions
        Numbers that tell the circumstances of a channel, such as its distance; 0 for
        a model without conditions.
    name
        As in :class:`keras.Model`.
    """

    def __init__(self, event_shape, num_conditions=0, *, name=None):
        shape = tuple(check_int("event_shape", n, low=1) for n in event_shape)
        if not shape:
            raise ValueError("event_shape must have at least one axis, got ().")
        super().__init__(name=name)
        self.event_shape = shape
        self.num_conditions = check_int("num_conditions", num_conditions, low=0)

    @abstractmethod
    def fit(self, data, condition=None, *, seed) -> Any:
        """Fit to channels; return this model. A family has more keywords.

        Parameters
        ----------
        data : [n, *event_shape], complex
            Channels of about unit mean power, as :func:`check_training_set` asks.
        condition : [n, num_conditions], float, or None
            Their circumstances, for a model with conditions.
        seed
            Of everything random.

        Raises
        ------
        ValueError
            If the channels or conditions are refused, or the model is one that wraps a
            fitted prior.
        """

    @abstractmethod
    def sample(self, n, condition=None, *, seed) -> np.ndarray:
        """Draw ``n`` channels; one seed, one draw.

        Parameters
        ----------
        n
            At least 1.
        condition : [n, num_conditions] or [num_conditions], float, or None
            Circumstances, one row for each channel or one for all. None, for a model
            with conditions: those of the training channels, drawn at random.
        seed
            Non-negative integer.

        Returns
        -------
        [n, *event_shape], complex64
        """

    def save(self, path, *, card: dict | None = None) -> None:
        """Save to the folder ``path``: ``model.keras`` and ``card.json``."""
        from commgen.generative.files import save_model

        save_model(self, Path(path), card)

    def get_config(self):
        """Return the arguments of the constructor."""
        config = {"event_shape": list(self.event_shape), "name": self.name}
        if self.num_conditions:
            config["num_conditions"] = self.num_conditions
        return config


class Prior(GenerativeModel):
    """Generative model that also answers what a channel was, given an observation."""

    @abstractmethod
    def denoise(self, y, no):
        """MMSE estimate under y = h + n with white noise; works in a TF graph.

        Parameters
        ----------
        y : [batch, *event_shape], tf.complex64
            Received channels.
        no : [] or [batch], tf.float32
            Noise variance, linear.

        Returns
        -------
        h_hat : [batch, *event_shape], tf.complex64
            Posterior mean.
        err_var : [batch, *event_shape], tf.float32
            Posterior variance of each entry.
        """

    @abstractmethod
    def posterior(
        self,
        y,
        A=None,
        noise_cov: Any = 1.0,
        *,
        condition=None,
        num_samples: int | None = None,
        num_steps: int | None = None,
        seed: int = 0,
    ) -> Posterior:
        """Infer channels from y = A h + n.

        Parameters
        ----------
        y, A, noise_cov
            As :func:`~commgen.generative.observation.check_observation`.
        condition : [batch, num_conditions] or [num_conditions], float, or None
            Circumstances of the channels, one row for each or one for all; None where
            nothing is known of them.
        num_samples
            Draws of the posterior for each observation; None or 0 for none.
        num_steps
            Passes of a network in a draw; None for the family's own number. Without
            effect where draws are exact.
        seed
            Seed of the draws.

        Returns
        -------
        Posterior
            With samples where they were asked for.

        Raises
        ------
        ValueError
            If the observation or the condition is invalid, or asks for what the family
            cannot tell.
        """


def check_prior(name: str, value: Any) -> Any:
    """Return ``value``, or raise TypeError unless it estimates channels.

    Parameters
    ----------
    name
        Of the argument, for the error.
    value
        A :class:`Prior`, or whatever has ``event_shape`` and ``denoise``.
    """
    if not (hasattr(value, "event_shape") and callable(getattr(value, "denoise", 0))):
        raise TypeError(
            f"{name} must be a commgen.generative.Prior, which estimates channels, got "
            f"{type(value).__name__}."
        )
    return value


def check_channels(name: str, h: Any, event_shape: tuple[int, ...]) -> np.ndarray:
    """Return ``h`` as complex64 [n, *event_shape], or raise what is wrong with it.

    Raises
    ------
    ValueError
        If the shape is not ``[n, *event_shape]`` with n >= 1, an entry is NaN or
        infinite, or the mean power lies outside ``POWER_RANGE``: models are fitted to
        channels of about unit power, and one scale for training and use.
    """
    h = np.asarray(h)
    if h.ndim != 1 + len(event_shape) or h.shape[1:] != event_shape or len(h) == 0:
        raise ValueError(
            f"{name} must be [n, {', '.join(map(str, event_shape))}] with n >= 1, "
            f"got {h.shape}."
        )
    if not (np.iscomplexobj(h) or np.issubdtype(h.dtype, np.number)):
        raise ValueError(f"{name} must be complex numbers, got dtype {h.dtype}.")
    check_finite(name, h)
    power = float(np.mean(np.abs(h.astype(np.complex128)) ** 2))
    if not POWER_RANGE[0] <= power <= POWER_RANGE[1]:
        raise ValueError(
            f"{name} must have a mean power |h|^2 near 1 (between {POWER_RANGE[0]:g} "
            f"and {POWER_RANGE[1]:g}), got {power:.3g}; normalise it first."
        )
    return h.astype(np.complex64)


def check_training_set(
    name: str, h: Any, event_shape: tuple[int, ...], *, least: int, why: str
) -> np.ndarray:
    """Return ``h`` as :func:`check_channels`, or raise what makes it no training set.

    Parameters
    ----------
    name, h, event_shape
        As in :func:`check_channels`.
    least, why
        Fewest channels, and the reason: "one for each component".

    Raises
    ------
    ValueError
        As :func:`check_channels`; if there are fewer channels than ``least``; or if
        several channels are all the same one.
    """
    h = check_channels(name, h, event_shape)
    if len(h) < least:
        raise ValueError(
            f"{name} must hold at least {least} channels, {why}, got {len(h)}."
        )
    if len(h) > 1 and (h == h[0]).all():
        raise ValueError(
            f"{name} must hold different channels, got {len(h)} copies of one."
        )
    return h


def check_num_samples(num_samples: Any, shape: tuple[int, ...]) -> int:
    """Return the draws of a posterior of ``shape``, 0 for None, or raise.

    Raises
    ------
    TypeError
        If ``num_samples`` is no whole number.
    ValueError
        If it is negative, or the draws do not fit in memory.
    """
    num_samples = check_int("num_samples", num_samples or 0, low=0)
    check_memory("num_samples", num_samples, (num_samples, *shape), np.complex128)
    return num_samples


def check_condition(
    condition: Any, n: int, num_conditions: int, *, name: str = "condition"
) -> np.ndarray | None:
    """Return ``condition`` as float32 [n, num_conditions], or None where it is None.

    Parameters
    ----------
    condition : [n, num_conditions] or [num_conditions], float, or None
        One row for each channel, or one for all of them.
    n, num_conditions
        Rows, and numbers in a row; 0 is a model without conditions.
    name
        Of the argument, for the error.

    Raises
    ------
    ValueError
        If a model without conditions is given one, the shape is another, or an entry
        is NaN or infinite.
    """
    if condition is None:
        return None
    if num_conditions == 0:
        raise ValueError(f"this model is unconditional, {name} must be None.")
    c = np.asarray(condition)
    if c.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers, got dtype {c.dtype}.")
    if c.shape not in ((num_conditions,), (n, num_conditions)):
        raise ValueError(
            f"{name} must be [{n}, {num_conditions}] or [{num_conditions}], "
            f"got {c.shape}."
        )
    check_amplitudes(name, c)
    return np.broadcast_to(c, (n, num_conditions)).astype(np.float32)
