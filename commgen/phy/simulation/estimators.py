"""Estimators of a simulation, with their priors fitted or loaded."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from commgen.phy.receiver.kinds import as_receiver
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.estimator_config import FittedConfig, SavedConfig
from commgen.phy.simulation.sources import build_source

# Training channels come from a sequence that no batch of the sweep touches.
_TRAIN_STREAM = 0x7EA1
_CHUNK = 100


def build_estimators(
    config: SimulationConfig,
    resource_grid: Any,
    *,
    model_folder: Path | None = None,
    ready: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the estimators of a simulation, by name, in the order it lists them.

    Models that the configuration asks to fit are fitted to channels drawn with another
    seed than the sweep's, a function of ``config.seed``.

    Parameters
    ----------
    config
        The simulation.
    resource_grid : ResourceGrid
        Grid of its link.
    model_folder
        Where fitted models are kept and, when a run goes on, found again.
    ready
        What :func:`build_unfitted` gave; built here where None.

    Returns
    -------
    dict
        Name to receiver: :class:`~commgen.phy.receiver.EstimatorReceiver` around an
        estimator, or :class:`~commgen.phy.neural.receiver.NeuralReceiver`.

    Raises
    ------
    ValueError, OSError
        If a model cannot be read or does not fit the link; it names the estimator.
    """
    if ready is None:
        ready = build_unfitted(config, resource_grid)
    training = _TrainingSet(config)
    receivers = {}
    for entry in config.estimators:
        receiver = ready.get(entry.name)
        if receiver is None and isinstance(entry, FittedConfig):
            prior = _fitted(entry, config, training, model_folder)
            receiver = as_receiver(entry.build(config, resource_grid, prior))
        receivers[entry.name] = receiver
    return receivers


def build_unfitted(config: SimulationConfig, resource_grid: Any) -> dict[str, Any]:
    """Build those estimators of :func:`build_estimators` that need no fit."""
    receivers = {}
    for i, entry in enumerate(config.estimators):
        if isinstance(entry, FittedConfig) and entry.model is None:
            continue
        has_prior = isinstance(entry, FittedConfig | SavedConfig)
        prior = _loaded(entry) if has_prior else None
        try:
            estimator = entry.build(config, resource_grid, prior)
            receivers[entry.name] = as_receiver(estimator)
        except ValueError as error:
            raise ValueError(f"estimators.{i} ({entry.name}): {error}") from error
    return receivers


def _loaded(entry: Any) -> Any:
    from commgen.generative.load import load_prior

    if entry.model is None or not entry.model.is_dir():
        raise FileNotFoundError(
            f"{entry.model} is not the folder of a saved model (estimator "
            f"{entry.name})."
        )
    prior = load_prior(entry.model)
    components = getattr(prior, "num_components", None)
    kind = type(prior).__name__
    if entry.kind == "lmmse" and components != 1:
        raise ValueError(
            f"estimator {entry.name}: model must be a Gaussian mixture of one "
            f"component for lmmse, got {kind} of {components}"
        )
    if entry.kind == "gmm" and components is None:
        raise ValueError(
            f"estimator {entry.name}: model must be a Gaussian mixture for gmm, "
            f"got {kind}"
        )
    return prior


class _TrainingSet:
    """Training channels of a simulation; estimators share their first ones."""

    def __init__(self, config: SimulationConfig):
        self._config = config
        self._events: dict[str, np.ndarray] = {}

    def events(self, entry: FittedConfig) -> np.ndarray:
        """Return the training set of ``entry``, [n, *event_shape]."""
        if entry.event not in self._events:
            fitted = [e for e in self._config.estimators if isinstance(e, FittedConfig)]
            wanted = [
                e.num_train_channels or 0 for e in fitted if e.event == entry.event
            ]
            self._events[entry.event] = training_events(
                self._config, entry.event, max(wanted)
            )
        streams = self._config.link.num_streams if entry.event == "array" else 1
        return self._events[entry.event][: (entry.num_train_channels or 0) * streams]


def _fitted(
    entry: FittedConfig,
    config: SimulationConfig,
    training: _TrainingSet,
    model_folder: Path | None,
) -> Any:
    from commgen.generative import GaussianMixture, load_model

    folder = model_folder / entry.name if model_folder else None
    if folder is not None and folder.is_dir():
        return load_model(folder)
    h = training.events(entry)
    prior = GaussianMixture(h.shape[1:], entry.num_components or 1, entry.covariance)
    prior.fit(h, seed=config.seed)
    if folder is not None:
        prior.save(folder)
    return prior


def training_events(
    config: SimulationConfig, event: str, num_channels: int
) -> np.ndarray:
    """Draw channels for a prior from the source of a simulation.

    Parameters
    ----------
    config
        The simulation. The seed of the channels follows from its seed.
    event
        ``"array"`` or ``"grid"``, as in
        :class:`~commgen.phy.estimation.PriorEstimator`.
    num_channels
        Channels drawn.

    Returns
    -------
    h : [n, *event_shape], complex64
        ``"grid"``: n is ``num_channels``; ``"array"``: each transmit antenna's channel
        at the subcarrier in the middle, n is ``num_channels`` times the streams.
    """
    link = config.link
    words = np.random.SeedSequence([config.seed, _TRAIN_STREAM]).generate_state(1)
    source = build_source(config, seed=int(words[0]))
    num_subcarriers = link.fft_size if event == "grid" else 1

    @tf.function(autograph=False)
    def draw():
        return source.frequency_response(
            _CHUNK, 1, 1.0, num_subcarriers, link.subcarrier_spacing_hz
        )[:, 0, :, 0, :, 0]

    h = [draw().numpy() for _ in range(0, num_channels, _CHUNK)]
    h = np.concatenate(h)[:num_channels]
    if event == "array":
        return np.moveaxis(h[..., 0], 1, 2).reshape(-1, link.num_rx_ant)
    return h[..., _effective(link)]


def _effective(link: Any) -> np.ndarray:
    left, right = link.num_guard_carriers
    index = np.arange(left, link.fft_size - right)
    middle = (link.fft_size - link.fft_size % 2) // 2
    return index[index != middle] if link.dc_null else index
