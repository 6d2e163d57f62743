import numpy as np
import pytest

from commgen.datasets import catalogue, split_indices

POLYU, UWB, LTE = (
    catalogue()[name] for name in ("wifi_polyu_mimo", "uwb_apartment_cir", "lte_iq")
)


def test_polyu_is_split_by_day():
    day = np.arange(2, 29)
    parts = {
        part: day[split_indices(POLYU, {"day": day}, part)].tolist()
        for part in ("train", "validation", "test", "all")
    }
    assert parts["train"] == list(range(2, 20))
    assert parts["validation"] == list(range(20, 25))
    assert parts["test"] == list(range(25, 29))
    assert parts["all"] == day.tolist()


def test_uwb_is_split_by_configuration_modulo_4():
    config = np.array([1, 2, 3, 4, 5, 6, 8, 9, 10, 11])
    labels = {"config": config}
    assert config[split_indices(UWB, labels, "train")].tolist() == [2, 3, 6, 10, 11]
    assert config[split_indices(UWB, labels, "validation")].tolist() == [1, 5, 9]
    assert config[split_indices(UWB, labels, "test")].tolist() == [4, 8]


@pytest.mark.parametrize(
    ("card", "labels", "part", "message"),
    [
        (POLYU, {"day": [2]}, "tests", "part must be one of .*got 'tests'"),
        (LTE, {"day": [2]}, "train", "lte_iq has no split"),
        (POLYU, {"loc": [2]}, "train", r"split by the label day, got \['loc'\]"),
        (POLYU, {"day": [2, 29]}, "train", "day of sample 1 is in no part.*got 29"),
        (POLYU, {"day": [2]}, "test", "the part test .* has no sample here"),
    ],
)
def test_refuses(card, labels, part, message):
    with pytest.raises(ValueError, match=message):
        split_indices(card, labels, part)
