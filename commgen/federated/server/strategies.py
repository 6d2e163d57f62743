"""Flower's strategies by name, as they are, and what they keep between rounds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from flwr.app import ArrayRecord
from flwr.serverapp.strategy import (
    Bulyan,
    FedAdagrad,
    FedAdam,
    FedAvg,
    FedAvgM,
    FedMedian,
    FedProx,
    FedTrimmedAvg,
    FedYogi,
    Krum,
    MultiKrum,
)

import commgen.federated.flower  # noqa: F401 (quiet)
from commgen.federated.config import OPTIMIZERS, StrategyConfig
from commgen.federated.records import from_arrays, to_arrays

STRATEGIES: dict[str, Any] = {
    cls.__name__: cls
    for cls in (
        *(FedAvg, FedProx, FedMedian, FedTrimmedAvg, Krum, MultiKrum, Bulyan),
        *(FedAvgM, FedAdam, FedYogi, FedAdagrad),
    )
}
# Which nodes are asked, and how many must answer, is for the grid to say.
_ALL = {"fraction_train": 1.0, "min_train_nodes": 1, "min_available_nodes": 1}


def build_strategy(config: StrategyConfig) -> FedAvg:
    """Return the strategy of a configuration.

    Raises
    ------
    ValueError
        If it does not take an option, or not this value of it.
    """
    try:
        return STRATEGIES[config.name](**_ALL, **config.options)
    except TypeError as error:
        raise ValueError(
            f"strategy.options must be those of {config.name}: {error}."
        ) from None


def build_guard(config: StrategyConfig) -> FedAvg:
    """Return the strategy for sums and moments: a mean, or the configured guard.

    A strategy that takes what it is sent for weights would take a step of its own.
    """
    return FedAvg(**_ALL) if config.name in OPTIMIZERS else build_strategy(config)


def strategy_state(strategy: FedAvg) -> dict[str, np.ndarray]:
    """Return what a strategy keeps between rounds as arrays by name."""
    state = {}
    for name, value in vars(strategy).items():
        for key, array in _arrays(value).items():
            state[f"{name}/{key}"] = array
    return state


def load_strategy_state(strategy: FedAvg, state: Mapping[str, np.ndarray]) -> None:
    """Undo :func:`strategy_state`; the order of arrays is that of their names."""
    groups: dict[str, dict[str, np.ndarray]] = {}
    for key, array in state.items():
        name, _, part = key.partition("/")
        groups.setdefault(name, {})[part] = array
    for name, arrays in groups.items():
        kinds = {key.partition("/")[0] for key in arrays}
        inner = {key.partition("/")[2]: value for key, value in arrays.items()}
        if kinds == {"record"}:
            setattr(strategy, name, to_arrays(inner))
        elif kinds == {"list"}:
            setattr(strategy, name, [inner[k] for k in sorted(inner)])
        else:
            setattr(strategy, name, {k: inner[k] for k in sorted(inner)})


def _arrays(value: Any) -> dict[str, np.ndarray]:
    """Return the arrays of an attribute, under what it is."""
    if isinstance(value, ArrayRecord):
        return {f"record/{k}": v for k, v in from_arrays([value]).items()}
    if isinstance(value, dict):
        return {f"dict/{k}": v for k, v in value.items() if isinstance(v, np.ndarray)}
    if isinstance(value, list):
        return {
            f"list/{i:06d}": v for i, v in enumerate(value) if isinstance(v, np.ndarray)
        }
    return {}
