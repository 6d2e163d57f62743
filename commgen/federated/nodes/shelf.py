"""The model of a federation, built once for all nodes of a process."""

from typing import Any

import numpy as np

from commgen.federated.config import FederationConfig, ModelConfig
from commgen.federated.nodes.accuracy import Accuracy
from commgen.generative._untyped import keras
from commgen.generative.learned_filter.line_network import LineNetwork
from commgen.generative.learned_filter.spectrum_network import SpectrumNetwork
from commgen.generative.mixture.gmm import GaussianMixture
from commgen.generative.networks.dense_denoiser import DenseDenoiser
from commgen.generative.networks.fourier_denoiser import FourierDenoiser
from commgen.generative.recipes import build_network
from commgen.generative.weights import values, weight_names

#: Networks inside of families that take one, by the key ``kind`` of their options.
INNER = {
    "fourier": FourierDenoiser,
    "dense": DenseDenoiser,
    "line": LineNetwork,
    "spectrum": SpectrumNetwork,
}
_DEFAULT = {"stationary": "line", "separable": "spectrum"}


class Shelf:
    """Holds the model of a federation; nodes load their weights into it in turn.

    Parameters
    ----------
    config
        The federation.
    """

    def __init__(self, config: FederationConfig):
        self._config = config
        self._models: dict[tuple[int, ...], Any] = {}
        self._starts: dict[tuple[int, ...], dict[str, np.ndarray]] = {}
        self._accuracies: dict[int, Accuracy] = {}

    def model(self, event_shape: tuple[int, ...]) -> Any:
        """Return the model for channels of a shape, built when it is first needed."""
        if event_shape not in self._models:
            model = build_model(self._config, event_shape)
            self._models[event_shape] = model
            self._starts[event_shape] = values(weight_names(model))
        return self._models[event_shape]

    def start(self, event_shape: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Return the weights that the model was built with."""
        self.model(event_shape)
        return self._starts[event_shape]

    def accuracy(self, model: Any) -> Accuracy:
        """Return what measures a model of this shelf, compiled once."""
        if id(model) not in self._accuracies:
            self._accuracies[id(model)] = Accuracy(model)
        return self._accuracies[id(model)]


def build_model(config: FederationConfig, event_shape: tuple[int, ...]) -> Any:
    """Build the model of a federation, untrained; its weights follow from the seed.

    Raises
    ------
    ValueError
        If an option is none of the family's, or the family takes no such channels.
    """
    keras.utils.set_random_seed(config.seed)
    mixture = None
    if config.model.has_mixture:
        mixture = build_mixture(config, event_shape)
    if not config.model.is_network:
        return mixture
    try:
        return build_network(
            config.model.family,
            event_shape,
            len(config.condition),
            mixture,
            **_options(config.model),
        )
    except TypeError as error:
        raise ValueError(
            f"model.options must be those of {config.model.family}: {error}."
        ) from None


def build_mixture(config: FederationConfig, event_shape: tuple[int, ...]) -> Any:
    """Build the mixture that is the model, or that a network corrects."""
    model = config.model
    own = model.family != "lmmse"
    conditions = 0 if model.is_network or not own else len(config.condition)
    return GaussianMixture(
        event_shape,
        model.num_components if own else 1,
        model.covariance if own else "full",
        rank=model.rank,
        num_conditions=conditions,
    )


def _options(model: ModelConfig) -> dict[str, Any]:
    options = dict(model.options)
    inner = options.pop("network", None)
    if inner is None:
        return options
    if not isinstance(inner, dict):
        raise ValueError(f"model.options.network must be a mapping, got {inner!r}.")
    kind = inner.get("kind", _DEFAULT.get(model.family, "fourier"))
    if kind not in INNER:
        raise ValueError(
            f"model.options.network.kind must be one of {[*INNER]}, got {kind!r}."
        )
    sizes = {key: value for key, value in inner.items() if key != "kind"}
    return {**options, "network": INNER[kind](**sizes)}
