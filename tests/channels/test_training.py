"""From channels to models, and from a file to a model folder."""

import numpy as np
import pytest

from commgen.channels.training import model_card, train_to_folder
from commgen.datasets import ChannelMeta, write_channels
from commgen.datasets.events import load_events
from commgen.generative import GaussianMixture, learn, load_model, read_card

META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=1.0, time_step_s=1.0)


@pytest.fixture
def write(tmp_path, complex_normal):
    def run(shape):
        h = complex_normal(60, *shape)
        write_channels(tmp_path / "h.h5", h, META, {"day": np.arange(60)})
        return tmp_path / "h.h5", h

    return run


def test_learn_builds_each_family(write):
    path, _ = write((2, 1, 1, 4))
    events = load_events(path)
    one = learn(events.h, "lmmse", seed=1)
    assert one.num_components == 1
    two = learn(events.h, "gmm", seed=1, num_components=2, covariance="circulant")
    assert isinstance(two, GaussianMixture)
    assert (two.num_components, two.covariance) == (2, "circulant")
    chosen = learn(events.h, "gmm", seed=1, num_components=2, validation=events.h)
    assert np.isfinite(chosen.log_prob(events.h)).all()


def test_card_tells_data_and_seed(write):
    path, _ = write((2, 1, 1, 4))
    card = model_card(load_events(path), path, family="gmm", seed=3)
    assert card["layout"] == ["rx", "subcarrier"]
    assert card["num_channels"] == 60
    assert card["data"]["file"] == "h.h5"
    assert card["meta"]["subcarrier_spacing_hz"] == 1.0
    assert (card["learned_as"], card["seed"]) == ("gmm", 3)


def test_a_folder_has_model_card_and_cost(write, tmp_path):
    path, _ = write((2, 1, 1, 4))
    events = load_events(path)
    folder = tmp_path / "gmm"
    model = train_to_folder(
        events, path, folder, "gmm", seed=1, num_components=2, told={"note": "mine"}
    )
    card = read_card(folder)
    assert (card["learned_as"], card["seed"], card["note"]) == ("gmm", 1, "mine")
    assert {"wall_seconds", "cpu_seconds"} <= set(card)
    np.testing.assert_array_equal(
        load_model(folder).sample(3, seed=1), model.sample(3, seed=1)
    )
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "main.tex").write_text("years")
    with pytest.raises(ValueError, match="is not empty and holds no model"):
        train_to_folder(events, path, tmp_path / "thesis", "lmmse", seed=1)
    with pytest.raises(TypeError, match="num_component"):
        train_to_folder(events, path, folder, "gmm", seed=1, num_component=2)
