"""What the families have in common whose density is known exactly."""

from abc import abstractmethod

import numpy as np

from commgen._random import complex_normal
from commgen.generative._untyped import ops
from commgen.generative.chunks import in_chunks
from commgen.generative.model import check_channels
from commgen.generative.network import NetworkModel

_CHUNK = 256
# Variance of white noise on coefficients of unit power, -27 dB. A channel is a sum of
# few waves and can be foretold almost without an error: its density is all spikes.
_NOISE = 2e-3


class LikelihoodModel(NetworkModel):
    """Family that learns by maximum likelihood, and tells the density of a channel.

    What it learns, tells and draws is a channel with white noise of -27 dB on each of
    its scaled coefficients: without noise there would hardly be a density.

    A family gives :meth:`_encode`, :meth:`_log_volume`, ``_draw``, and in ``call`` the
    log-density of what it encoded.

    Parameters
    ----------
    event_shape, num_conditions, name
        As in :class:`~commgen.generative.GenerativeModel`.
    """

    @abstractmethod
    def _encode(self, h) -> np.ndarray:
        """Return channels as [n, size, 2], float32, by a linear map."""

    @abstractmethod
    def _log_volume(self) -> float:
        """Return the logarithm of what the map of :meth:`_encode` makes of a volume."""

    def log_prob(self, h, condition=None):
        """Return the log-density of channels, the real and imaginary parts' joint one.

        Parameters
        ----------
        h : [n, *event_shape], complex
            Channels.
        condition : [n, num_conditions] or [num_conditions], float
            Their circumstances; None for a model without conditions.

        Returns
        -------
        [n], float
            In nats, as :meth:`GaussianMixture.log_prob`.

        Raises
        ------
        ValueError
            As :func:`~commgen.generative.check_channels`, or if the condition has
            another shape or is missing.
        """
        h = check_channels("h", h, self.event_shape)
        c = self._given(self._checked("condition", condition, len(h)), len(h))
        graph = self._graph("call")
        (found,) = in_chunks(
            lambda x, c: (graph({"x": x, "condition": c}),),
            self._encode(h),
            c,
            size=_CHUNK,
        )
        return found.astype(np.float64) + self._log_volume()

    def _loss(self, x, y, y_pred):
        """Negative log-likelihood of the scaled channels, nats per channel."""
        return -ops.mean(y_pred)

    def _examples(self, rng, h, condition, *, validating=False):
        x = self._encode(h)
        noise = complex_normal(rng, x.shape[:2])[..., None].view(np.float32)
        x = x + np.sqrt(np.float32(_NOISE)) * noise
        x = {"x": x, "condition": self._given(condition, len(h))}
        # Keras wants a target; the loss has no use for it.
        return x, x["condition"]

    def _given(self, condition, n):
        """Return the condition, or [n, 0] where there is none."""
        return np.zeros((n, 0), np.float32) if condition is None else condition
