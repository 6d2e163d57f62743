"""``commgen train`` and ``commgen generate``."""

import json
import shutil

import numpy as np
import pytest

from commgen.datasets import ChannelMeta, read_channels, write_channels
from commgen.generative import GaussianMixture, load_model, read_card


def test_train_writes_a_model_with_its_card(model, toy):
    card = read_card(model)
    assert card["family"] == "GaussianMixture"
    assert card["learned_as"] == "gmm"
    assert card["layout"] == ["subcarrier"]
    assert card["event_shape"] == [8]
    assert card["data"]["file"] == "train.h5"
    assert len(card["data"]["sha256"]) == 64
    assert card["meta"]["carrier_hz"] == 3.5e9
    assert card["wall_seconds"] >= 0
    assert load_model(model).num_components == 2


def test_train_lmmse_is_the_sample_covariance(commgen, toy, tmp_path):
    commgen("train", toy / "train.h5", "-o", tmp_path / "m", "--family", "lmmse")
    h = read_channels(toy / "train.h5")[0].reshape(300, 8)
    expected = GaussianMixture((8,), 1).fit(h, seed=0).denoise(h[:5], 0.1)
    found = load_model(tmp_path / "m").denoise(h[:5], 0.1)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-6)


def test_train_diffusion_and_go_on(commgen, refused, tmp_path, draw):
    """Trained once; what is cut off before the end goes on, another one is refused."""
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=1e3)
    write_channels(tmp_path / "h.h5", draw(60, 1)[..., :4] * 2**0.5, meta, {})
    command = ["train", tmp_path / "h.h5", "-o", tmp_path / "m", "--num-epochs", 1]
    command += ["--num-components", 2, "--reversal"]
    commgen(*command)
    first = load_model(tmp_path / "m").get_weights()
    assert (tmp_path / "m.training" / "checkpoint.npz").is_file()
    assert "already done: " in commgen(*command).out
    told = refused(*command, "--seed", 5)
    assert told == f"{tmp_path}/m exists (seed: 0 there, 5 here); --force replaces it."
    shutil.rmtree(tmp_path / "m")  # as if killed before it was saved
    told = refused(*command, "--seed", 5)
    assert "m.training holds another training (seed: 0 there, 5 here)" in told
    assert "training " not in commgen(*command).err  # all steps are done
    second = load_model(tmp_path / "m").get_weights()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    # A checkpoint of before they said what had begun it.
    shutil.rmtree(tmp_path / "m")
    (tmp_path / "m.training" / "made.json").unlink()
    told = commgen(*command, "--seed", 5, code=2).err.splitlines()[-1]
    assert "is the checkpoint of another model, data set, seed" in told


def test_generate_npz(commgen, model, tmp_path):
    commgen("generate", "--model", model, "-o", tmp_path / "h.npz", "-n", 20)
    with np.load(tmp_path / "h.npz") as file:
        assert file["h"].shape == (20, 8)
        np.testing.assert_array_equal(file["h"], load_model(model).sample(20, seed=0))


def test_generate_channel_file(commgen, model, tmp_path, toy):
    path = tmp_path / "h.h5"
    commgen("generate", "--model", model, "-o", path, "-n", 500, "--seed", 3)
    h, meta, _ = read_channels(path)
    assert h.shape == (500, 1, 1, 1, 8)
    assert "GaussianMixture model model, seed 3" in meta.source
    assert "toy channels" in meta.source
    known = read_channels(toy / "train.h5")[1]
    assert meta.model_copy(update={"source": ""}) == known.model_copy(
        update={"source": ""}
    )
    assert np.mean(np.abs(h) ** 2) == pytest.approx(1, rel=0.25)


def test_a_generated_file_can_be_learned(commgen, model, tmp_path):
    path = tmp_path / "h.h5"
    commgen("generate", "--model", model, "-o", path, "-n", 100)
    commgen("train", path, "-o", tmp_path / "m", "--family", "lmmse")
    assert load_model(tmp_path / "m").event_shape == (8,)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("nowhere.h5", [], "nowhere.h5"),
        ("corrupt.h5", [], "corrupt.h5"),
        ("cut.h5", [], "cut.h5"),
        ("empty.h5", [], "empty.h5"),
        ("quiet.h5", [], "must hold channels of a mean power |h|^2 between 0.5 and 2"),
        ("train.h5", ["--validation", "other.h5"], "validation must hold channels of"),
        ("train.h5", ["--validation", "nowhere.h5"], "nowhere.h5"),
        ("train.h5", ["--validation", "quiet.h5"], "mean power |h|^2 between"),
        (
            "other.h5",
            ["--family", "gmm", "--num-components", "41"],
            "data must hold at least 41 channels",
        ),
    ],
)
def test_train_refuses(refused, toy, tmp_path, data, options, message):
    good = (toy / "train.h5").read_bytes()
    (tmp_path / "corrupt.h5").write_bytes(b"not HDF5 at all")
    (tmp_path / "cut.h5").write_bytes(good[: len(good) // 2])
    (tmp_path / "empty.h5").write_bytes(b"")
    for name in ("train.h5", "other.h5", "quiet.h5"):
        (tmp_path / name).write_bytes((toy / name).read_bytes())
    before = sorted(path.name for path in tmp_path.iterdir())
    options = [tmp_path / o if o.endswith(".h5") else o for o in options]
    told = refused("train", tmp_path / data, "-o", tmp_path / "m", *options)
    assert message in told
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_train_never_replaces_what_is_no_model(refused, toy, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "main.tex").write_text("years of work")
    for output, message in (
        (tmp_path / "thesis", "is not empty and holds no model"),
        (tmp_path / "thesis" / "main.tex", "must be a folder, it is a file"),
    ):
        assert message in refused("train", toy / "train.h5", "-o", output)
    assert (tmp_path / "thesis" / "main.tex").read_text() == "years of work"


def test_generate_refuses(refused, model, toy, tmp_path):
    output = tmp_path / "h.npz"
    told = refused("generate", "--model", model, "-o", tmp_path / "h.csv")
    assert "output must end in .h5 or .npz" in told
    told = refused("generate", "--model", tmp_path / "none", "-o", output)
    assert "no model at" in told
    (tmp_path / "empty").mkdir()
    told = refused("generate", "--model", tmp_path / "empty", "-o", output)
    assert "model.keras is not there" in told
    (tmp_path / "empty" / "model.keras").write_bytes(b"PK, but no zip")
    told = refused("generate", "--model", tmp_path / "empty", "-o", output)
    assert "model.keras is not a model that loads" in told
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_generate_needs_a_card_for_a_channel_file(refused, commgen, model, tmp_path):
    copy, output = tmp_path / "m", tmp_path / "h.h5"
    load_model(model).save(copy)
    told = refused("generate", "--model", copy, "-o", output)
    assert "card.json must hold layout and meta" in told
    (copy / "card.json").write_text("{")
    assert "is not valid JSON" in refused("generate", "--model", copy, "-o", output)
    card = {**read_card(model), "layout": ["rx", "tx"]}
    (copy / "card.json").write_text(json.dumps(card))
    told = refused("generate", "--model", copy, "-o", output)
    assert "layout must name the 1 axes of an event" in told
    assert not output.exists()
    commgen("generate", "--model", copy, "-o", tmp_path / "h.npz", "-n", 2)


@pytest.fixture
def labelled(tmp_path, draw):
    """A file whose label ``near`` decides the power of its channels."""
    h = draw(200, 3) * 2**0.5
    near = np.arange(200) % 2 == 0
    h[near] *= np.sqrt(1.8)
    h[~near] *= np.sqrt(0.2)
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=1e3)
    write_channels(tmp_path / "h.h5", h / 2**0.5, meta, {"near": near})
    return tmp_path / "h.h5"


def test_a_condition_is_learned_and_asked_for(commgen, labelled, tmp_path):
    command = ["train", labelled, "-o", tmp_path / "m", "--family", "gmm"]
    commgen(*command, "--num-components", 2, "--condition", "near")
    assert read_card(tmp_path / "m")["condition"] == {"names": ["near"], "words": {}}
    power = {}
    for near in ("true", "false"):
        path = tmp_path / f"{near}.npz"
        told = ["--condition", f"near={near}", "-n", 500]
        commgen("generate", "--model", tmp_path / "m", "-o", path, *told)
        with np.load(path) as file:
            power[near] = np.mean(np.abs(file["h"]) ** 2)
    assert power["true"] > 3 * power["false"]


def test_conditions_are_checked(refused, labelled, model, tmp_path):
    command = ["train", labelled, "-o", tmp_path / "m", "--family", "gmm"]
    told = refused(*command, "--condition", "far")
    assert told == "condition must name labels of the file, ['near'], got 'far'."
    command = ["generate", "--model", model, "-o", tmp_path / "h.npz"]
    told = refused(*command, "--condition", "near=1")
    assert told.startswith("condition must be left out: the card of")
    assert not (tmp_path / "h.npz").exists()


def test_train_from_noisy_pilots(commgen, refused, toy, tmp_path, draw):
    """The noise is in the data and not in the model."""
    rng = np.random.default_rng(3)
    h = draw(400, 1)
    h = h / np.sqrt(np.mean(np.abs(h) ** 2))
    y = h + rng.normal(size=(*h.shape, 2)) @ [1, 1j] / 2**0.5
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=1e3)
    write_channels(tmp_path / "y.h5", y.astype(np.complex64), meta, {})
    command = ["train", tmp_path / "y.h5", "-o", tmp_path / "m", "--family", "gmm"]
    command += ["--num-components", 1, "--noisy-snr-db", 0]
    commgen(*command)
    drawn = load_model(tmp_path / "m").sample(2000, seed=1)
    assert np.mean(np.abs(drawn) ** 2) == pytest.approx(1, abs=0.15)
    told = refused(*command[:-1], 99)
    assert told == "noisy-snr-db must lie between -30 and 60, got 99."
    command[command.index("gmm")] = "wgan"
    told = refused(*command, "--force")
    assert told.startswith("no must be None, since WassersteinGAN learns from clean")


def test_train_refuses_what_is_too_small(refused, tmp_path, draw):
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=1e3)
    h = draw(12, 1)
    h = h / np.sqrt(np.mean(np.abs(h) ** 2))
    write_channels(tmp_path / "few.h5", h.astype(np.complex64), meta, {})
    write_channels(tmp_path / "same.h5", np.repeat(h[:1], 40, 0) * 1.0, meta, {})
    for family in ("vae", "gm-vae", "wgan", "vae-gan", "coupling", "autoregressive"):
        command = ["train", tmp_path / "few.h5", "-o", tmp_path / "m"]
        told = refused(*command, "--family", family)
        assert told == "data must hold at least 20 channels, to learn from, got 12."
    assert not (tmp_path / "m").exists()
