"""Labels to conditions: numbers, truth values and words, and what is refused."""

import json

import numpy as np
import pytest

from commgen.channels.conditions import ConditionSpec

LABELS = {
    "los": np.array([True, False, True]),
    "distance_m": np.array([10.0, 20.0, np.nan]),
    "path": np.array(["NLOS", "LOS", "NLOS"]),
}


def test_numbers_stay_and_words_become_one_hot():
    rows = {name: values[:2] for name, values in LABELS.items()}
    spec = ConditionSpec.of(LABELS, ("los", "path", "distance_m"))
    assert spec.size == 4
    np.testing.assert_array_equal(spec.encode(rows), [[1, 0, 1, 10], [0, 1, 0, 20]])


def test_card_and_text_give_the_same():
    spec = ConditionSpec.of(LABELS, ("los", "path"))
    again = ConditionSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again == spec
    np.testing.assert_array_equal(again.parse("path=LOS, los=true"), [1, 1, 0])
    np.testing.assert_array_equal(again.parse("los=0.5,path=NLOS"), [0.5, 0, 1])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), r"condition must name different labels, got \(\)"),
        (("los", "los"), "condition must name different labels"),
        (("speed",), r"condition must name labels of the file, .*got 'speed'"),
    ],
)
def test_names_are_checked(names, message):
    with pytest.raises(ValueError, match=message):
        ConditionSpec.of(LABELS, names)


def test_values_are_checked():
    spec = ConditionSpec.of(LABELS, ("distance_m",))
    with pytest.raises(ValueError, match=r"distance_m must be finite .* in row 2"):
        spec.encode(LABELS)
    spec = ConditionSpec.of(LABELS, ("path",))
    with pytest.raises(ValueError, match=r"path must be of .* got 'NDP' in row 1"):
        spec.encode({"path": np.array(["LOS", "NDP"])})
    for text in ("los=1", "path=LOS,los=1", "path", ""):
        with pytest.raises(ValueError, match="condition must be path=VALUE, got"):
            spec.parse(text)
    spec = ConditionSpec.of(LABELS, ("los",))
    with pytest.raises(ValueError, match="condition los must be a number, true or"):
        spec.parse("los=maybe")
