"""Estimators of a simulation, with their priors fitted or loaded."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from commgen.phy.estimation.lmmse import LMMSEInterpolationEstimator
from commgen.phy.estimation.ls import LSEstimator
from commgen.phy.estimation.perfect import PerfectCSI
from commgen.phy.estimation.prior import PriorEstimator
from commgen.phy.estimation.slot.config import SlotConfig
from commgen.phy.estimation.slot.estimator import SlotPriorEstimator
from commgen.phy.estimation.slot.prior import build_slot_prior
from commgen.phy.receiver.block_posterior import BlockPosterior
from commgen.phy.receiver.estimator_receiver import EstimatorReceiver
from commgen.phy.receiver.slot_posterior import SlotPosterior
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.covariances import channel_covariance
from commgen.phy.simulation.estimator_config import (
    FittedConfig,
    LMMSEInterpolationConfig,
    LSConfig,
    NeuralReceiverConfig,
    PerfectConfig,
    SavedConfig,
)
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
        Name to receiver: :class:`~commgen.phy.receiver.EstimatorReceiver` around a
        Sionna block, or :class:`~commgen.phy.neural.receiver.NeuralReceiver`.

    Raises
    ------
    ValueError, OSError
        If a model cannot be read or does not fit the link; it names the estimator.
    """
    if ready is None:
        ready = build_unfitted(config, resource_grid)
    training = _TrainingSet(config)
    blocks = {}
    for entry in config.estimators:
        block = ready.get(entry.name)
        if block is None and isinstance(entry, FittedConfig):
            prior = _fitted(entry, config, training, model_folder)
            block = _block(entry, config, resource_grid, prior)
        blocks[entry.name] = block
    return blocks


def build_unfitted(config: SimulationConfig, resource_grid: Any) -> dict[str, Any]:
    """Build those estimators of :func:`build_estimators` that need no fit."""
    blocks = {}
    for i, entry in enumerate(config.estimators):
        if isinstance(entry, FittedConfig) and entry.model is None:
            continue
        has_prior = isinstance(entry, FittedConfig | SavedConfig)
        prior = _loaded(entry) if has_prior else None
        try:
            blocks[entry.name] = _block(entry, config, resource_grid, prior)
        except ValueError as error:
            raise ValueError(f"estimators.{i} ({entry.name}): {error}") from error
    return blocks


def _block(entry, config, resource_grid, prior):
    time_interpolation = config.link.time_interpolation
    if isinstance(entry, PerfectConfig):
        return EstimatorReceiver(PerfectCSI(resource_grid))
    if isinstance(entry, NeuralReceiverConfig):
        return _neural_receiver(entry, config, resource_grid)
    if isinstance(entry, SlotConfig):
        slot = build_slot_prior(entry, resource_grid)
        block = SlotPriorEstimator(resource_grid, slot, share=entry.share)
        return EstimatorReceiver(block)
    refine: Any = None
    if isinstance(entry, LMMSEInterpolationConfig):
        covariance = channel_covariance(entry, config.channel, resource_grid)
        block = LMMSEInterpolationEstimator(
            resource_grid, covariance, order=entry.order
        )
        if entry.iterations:
            refine = SlotPosterior(resource_grid, covariance)
    elif isinstance(entry, LSConfig):
        block = LSEstimator(
            resource_grid,
            interpolation=entry.interpolation,
            max_delay_s=entry.max_delay_s,
            time_interpolation=time_interpolation,
        )
        refine = BlockPosterior(block=_block_size(entry, config))
    else:
        block = _prior_estimator(entry, config, resource_grid, prior)
        if entry.iterations:
            refine = BlockPosterior(prior, block=_block_size(entry, config))
    return EstimatorReceiver(
        block,
        use_err_var=entry.use_err_var,
        iterations=entry.iterations,
        refine=refine,
    )


def _prior_estimator(entry, config, resource_grid, prior):
    if prior.event_shape[0] != config.link.num_rx_ant:
        raise ValueError(
            f"the model's event_shape {prior.event_shape} must begin with "
            f"link.num_rx_ant = {config.link.num_rx_ant}"
        )
    return PriorEstimator(
        resource_grid,
        prior,
        entry.event,
        time_interpolation=config.link.time_interpolation,
    )


def _block_size(entry, config) -> tuple[int, int]:
    """Size of a block of data-aided estimation; the whole slot if nothing moves."""
    average = config.link.time_interpolation == "average"
    return config.link.num_ofdm_symbols if average else entry.block[0], entry.block[1]


def _neural_receiver(entry, config, resource_grid):
    from commgen.phy.neural.files import (
        check_receiver_fits,
        load_neural_receiver,
    )
    from commgen.phy.neural.receiver import NeuralReceiver

    if config.link.kind != "ofdm":
        raise ValueError(
            "kind must be another than neural-receiver for a PUSCH, whose soft bits "
            f"are combined over transmissions, got link {config.link.kind}"
        )
    network, card = load_neural_receiver(entry.model)
    check_receiver_fits(card, config.link, config.sweep.snr_db)
    return NeuralReceiver(resource_grid, config.link, network)


def _loaded(entry: Any) -> Any:
    from commgen.generative import load_model

    if entry.model is None or not entry.model.is_dir():
        raise FileNotFoundError(
            f"{entry.model} is not the folder of a saved model (estimator "
            f"{entry.name})."
        )
    prior = load_model(entry.model)
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
