import copy

import pytest
import yaml

from commgen.federated.config import (
    load_federation,
    parse_federation,
    plain_values,
)
from commgen.federated.node_config import meet

STREET = {"scenario": "umi", "direction": "uplink"}


def drawn(**more):
    return {"channel": STREET, "num_channels": 20, **more}


def refused(values, *, match):
    with pytest.raises(ValueError, match=match) as found:
        parse_federation(values)
    assert "\n" not in str(found.value)


def test_plain_values_give_it_back(values):
    values["nodes"]["street"] = drawn(seed=3, budget={"cpu_seconds": 2})
    config = parse_federation(values)
    assert parse_federation(plain_values(config)) == config
    assert plain_values(config) == values
    assert config.names == ("place 0", "place 1", "place 2", "street")
    assert config.node(3).budget.cpu_seconds == 2


def test_paths_are_relative_to_the_file(values, recording, tmp_path):
    for node in values["nodes"].values():
        node["file"] = "../" + recording.name
    folder = recording.parent / "runs"
    folder.mkdir(exist_ok=True)
    (folder / "f.yaml").write_text(yaml.safe_dump(values))
    config = load_federation(folder / "f.yaml")
    assert {node.file for node in config.nodes.values()} == {str(recording)}
    values["nodes"]["place 1"]["file"] = "none.h5"
    (folder / "f.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(FileNotFoundError, match=r"nodes.place 1.file: .*none.h5 is"):
        load_federation(folder / "f.yaml")


def test_nodes_that_may_own_the_same_channels_are_refused(values):
    same = copy.deepcopy(values)
    same["nodes"]["place 2"]["rows"] = {"place": [1, 3]}
    refused(same, match="nodes: must own different channels, got place 1 and place 2")
    same["nodes"]["place 2"]["rows"] = {"day": 3}  # of any place
    refused(same, match="got place 0 and place 2")
    street = {"nodes": {"a": drawn(seed=1), "b": drawn(seed=1)}}
    refused(street, match="got a and b")
    for seed in (2, None):
        street["nodes"]["b"] = drawn(seed=seed)
        parse_federation(street)


def test_ranges_meet():
    assert all(meet(*pair) for pair in [((1, 3), (3, 5)), (2, (1, 3)), ("a", "a")])
    assert not any(meet(*pair) for pair in [((1, 3), (4, 5)), ("a", "b"), (1, 2)])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"nodes": {}}, "nodes must not be empty|nodes: must not be empty"),
        ({"nodes": {"a": {}}}, "one of channel and file, got neither"),
        ({"nodes": {"a.b": drawn()}}, "nodes.*must match"),
        ({"nodes": {"a": drawn(absent=True)}}, "one that is not absent"),
        ({"nodes": {"a": drawn(rows={"day": 1})}}, "rows: must be left out"),
        ({"nodes": {"a": {"channel": {"scenario": "moon"}}}}, "scenario: must be one"),
        ({"model": {"family": "vea"}}, "model.family"),
        ({"strategy": {"name": "FedBest"}}, "strategy.name"),
        ({"min_nodes": 4}, "min_nodes: must be at most 3"),
        (
            {"nodes_per_round": 2, "min_nodes": 3},
            "min_nodes: must be at most nodes_per",
        ),
        ({"correction": "scaffold"}, "correction: must be none for gmm"),
        ({"split": None}, "split: must be given, since the node place 0 has a file"),
        ({"rounds": 3}, "rounds: is an unknown key"),
        ({"power": "none"}, "power"),
    ],
)
def test_what_is_wrong_is_one_line(values, change, match):
    refused({**values, **change}, match=match)


def test_parts_of_a_split_must_not_meet(values):
    values["split"]["test"] = [8, 10]
    refused(values, match=r"split.*parts that do not meet, got \[7.*of day")


def test_optimizers_take_weights_alone(values):
    values |= {
        "strategy": {"name": "FedAdam"},
        "correction": "scaffold",
        "model": {"family": "vae"},
    }
    refused(values, match="correction: must be none or prox with FedAdam")
