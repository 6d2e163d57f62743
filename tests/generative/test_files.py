"""Model folders: what loads, what does not, and that nothing is destroyed."""

import json
import zipfile

import keras
import numpy as np
import pytest

from commgen.generative import GaussianMixture, load_model, read_card
from commgen.generative.files import check_model_folder


@pytest.fixture
def saved(channels, tmp_path):
    folder = tmp_path / "model"
    GaussianMixture((2, 6), 2).fit(channels, seed=1).save(folder, card={"seed": 1})
    return folder


def test_card_tells_what_the_model_is(saved):
    card = read_card(saved)
    assert card["family"] == "GaussianMixture"
    assert card["event_shape"] == [2, 6]
    assert card["num_parameters"] == 2 + 24 + 2 * 12 * 12 * 2
    assert card["seed"] == 1
    assert sorted(p.name for p in saved.iterdir()) == ["card.json", "model.keras"]


def test_model_file_holds_no_code(saved):
    with zipfile.ZipFile(saved / "model.keras") as archive:
        assert sorted(archive.namelist()) == [
            "config.json",
            "metadata.json",
            "model.weights.h5",
        ]
        assert "commgen" in json.loads(archive.read("config.json"))["registered_name"]


def test_missing_model(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no model at .*model\.keras is not"):
        load_model(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no model at"):
        load_model(tmp_path / "empty")
    assert read_card(tmp_path / "empty") == {}


def test_damaged_model(saved):
    file = saved / "model.keras"
    content = file.read_bytes()
    for damaged in (b"", b"not a zip", content[: len(content) // 2]):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"model\.keras is not a model that loads"):
            load_model(saved)


def test_weights_of_another_size(saved):
    """The configuration says three components, the weights are of two."""
    file = saved / "model.keras"
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    config["config"]["num_components"] = 3
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match="is not a model that loads"):
        load_model(saved)


def test_foreign_keras_model(tmp_path):
    (tmp_path / "m").mkdir()
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    other.save(tmp_path / "m" / "model.keras")
    with pytest.raises(ValueError, match=r"must hold a commgen .* got Sequential"):
        load_model(tmp_path / "m")


def test_code_in_a_model_file_does_not_run(tmp_path):
    (tmp_path / "m").mkdir()
    layer = keras.layers.Lambda(lambda x: x + 1, output_shape=(2,))
    keras.Sequential([keras.Input((2,)), layer]).save(tmp_path / "m" / "model.keras")
    with pytest.raises(ValueError, match=r"is not a model that loads.*Lambda|unsafe"):
        load_model(tmp_path / "m")


def test_damaged_card(saved):
    (saved / "card.json").write_text("{")
    with pytest.raises(ValueError, match=r"card\.json is not valid JSON"):
        read_card(saved)
    (saved / "card.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"card\.json must hold a JSON object"):
        read_card(saved)


def test_a_new_model_replaces_an_old_one(saved, channels):
    GaussianMixture((2, 6), 1).fit(channels, seed=1).save(saved)
    assert load_model(saved).num_components == 1
    assert "seed" not in read_card(saved)
    assert [p.name for p in saved.parent.iterdir()] == ["model"]


def test_nothing_else_is_ever_replaced(channels, tmp_path):
    model = GaussianMixture((2, 6), 1).fit(channels, seed=1)
    file = tmp_path / "thesis.txt"
    file.write_text("years of work")
    for path, message in (
        (file, "must be a folder, it is a file"),
        (tmp_path, "is not empty and holds no model"),
    ):
        with pytest.raises(ValueError, match=message):
            model.save(path)
    assert file.read_text() == "years of work"
    (tmp_path / "empty").mkdir()
    check_model_folder(tmp_path / "empty")
    check_model_folder(tmp_path / "new")


def test_a_card_that_is_no_json_leaves_nothing_behind(channels, tmp_path):
    model = GaussianMixture((2, 6), 1).fit(channels, seed=1)
    with pytest.raises(TypeError, match="not JSON serializable"):
        model.save(tmp_path / "m", card={"data": np.ones(3)})
    assert list(tmp_path.iterdir()) == []
