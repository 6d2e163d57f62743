import numpy as np
import pytest

from commgen.datasets.channel_file import read_channels
from commgen.federated.config import parse_federation
from commgen.federated.nodes.data import load_node_data, node_seed


def test_rows_of_labels_and_days(federation, recording):
    h, _, labels = read_channels(recording)
    data = load_node_data(federation, 1)
    for part, days in (("train", (1, 6)), ("validation", (7, 8)), ("test", (9, 10))):
        rows = (labels["place"] == 1) & (labels["day"] >= days[0])
        rows &= labels["day"] <= days[1]
        assert np.array_equal(getattr(data, part).h, h[rows, :, 0, 0, 0])
    assert (data.event_shape, data.layout) == ((4,), ("rx",))


def test_all_channels_are_divided_by_one_power(federation):
    data = load_node_data(federation, 0)
    mean = np.mean(np.abs(data.channels("train", data.power)) ** 2)
    assert mean == pytest.approx(1, rel=1e-6)
    test = data.channels("test", data.power)
    assert test == pytest.approx(data.test.h / np.sqrt(data.power), rel=1e-6)


def test_the_place_in_the_file_is_a_label_too(values, recording):
    values["split"] = {
        "label": "row",
        "train": [0, 99],
        "validation": [100, 199],
        "test": [200, 359],
    }
    data = load_node_data(parse_federation(values), 2)
    assert data.train.labels["row"].tolist() == [*range(2, 100, 3)]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rows": {"room": 1}}, r"nodes.place 0.rows must name labels.*got 'room'"),
        ({"rows": {"place": 7}}, "nodes.place 0 must have channels in each part"),
        ({"rows": {"place": "0", "day": "x"}}, "must have channels in each part"),
    ],
)
def test_empty_nodes_are_refused(values, change, match):
    values["nodes"] = {"place 0": {**values["nodes"]["place 0"], **change}}
    with pytest.raises(ValueError, match=match):
        load_node_data(parse_federation(values), 0)


def test_conditions_are_labels_that_are_numbers(values):
    values["condition"] = ["level"]
    data = load_node_data(parse_federation(values), 0)
    assert data.conditions("test")[:, 0] == pytest.approx(data.test.labels["level"])
    values["condition"] = ["colour"]
    with pytest.raises(ValueError, match="condition must name labels of the file"):
        load_node_data(parse_federation(values), 0)


def test_seeds_of_nodes_differ():
    street = {"channel": {"scenario": "rayleigh"}}
    config = parse_federation({"nodes": {"a": street, "b": street}})
    assert node_seed(config, 0) != node_seed(config, 1)
