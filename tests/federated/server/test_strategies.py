import numpy as np
import pytest

pytest.importorskip("flwr")

from commgen.federated.config import MEANS, OPTIMIZERS, ROBUST, StrategyConfig
from commgen.federated.server.strategies import (
    STRATEGIES,
    build_guard,
    build_strategy,
    load_strategy_state,
    strategy_state,
)

MOMENTUM = {"server_momentum": 0.5, "server_learning_rate": 0.9}
OPTIONS = {
    "FedAvgM": MOMENTUM,
    "FedAdam": {"eta": 0.1},
    "FedYogi": {},
    "FedAdagrad": {},
}


def test_all_names_are_strategies():
    assert set(STRATEGIES) == {*MEANS, *ROBUST, *OPTIMIZERS}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_strategy_goes_on_where_it_was(name, five_nodes, sent):
    """Two steps in one go, and with all that it keeps written down in between."""
    config = StrategyConfig(name=name, options=OPTIONS[name])
    found = []
    for cut in (False, True):
        strategy, weights = build_strategy(config), sent
        asked = five_nodes()
        for _ in range(3):
            weights = asked.ask("train", weights, strategy=strategy).arrays
            if cut:
                kept = {k: np.copy(v) for k, v in strategy_state(strategy).items()}
                strategy = build_strategy(config)
                load_strategy_state(strategy, kept)
        found.append(weights)
    assert all(np.array_equal(found[0][k], found[1][k]) for k in sent)
    fresh = five_nodes().ask("train", sent, strategy=build_strategy(config)).arrays
    assert not np.array_equal(found[0]["weights/a"], fresh["weights/a"])


def test_sums_are_no_weights_to_step_with():
    assert type(build_guard(StrategyConfig(name="FedAdam"))) is STRATEGIES["FedAvg"]
    assert (
        type(build_guard(StrategyConfig(name="FedMedian"))) is STRATEGIES["FedMedian"]
    )


def test_unknown_options_are_refused():
    config = StrategyConfig(name="FedAvg", options={"beta": 0.2})
    with pytest.raises(ValueError, match=r"strategy.options must be those of FedAvg"):
        build_strategy(config)
