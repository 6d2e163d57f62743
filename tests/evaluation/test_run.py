import csv
import json

import numpy as np
import pytest

from commgen.datasets import ChannelMeta, write_channels
from commgen.evaluation import (
    load_candidate,
    read_set,
    run_evaluation,
    save_evaluation,
)
from commgen.generative import GaussianMixture

META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=30e3)
TAPS = ChannelMeta(domain="delay", sample_rate_hz=1e6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, one_path, gaussian):
    """Files of paths over a line, and a mixture fitted to them."""
    folder = tmp_path_factory.mktemp("sets")
    for seed, (name, n) in enumerate({"train": 200, "truth": 100, "floor": 90}.items()):
        labels = {"day": np.arange(n) // 2, "loc": np.arange(n) % 2}
        h = one_path(n, seed)[:, :, None, None, None]
        write_channels(folder / f"{name}.h5", h, META, labels)
    model = GaussianMixture((8,), 2).fit(one_path(200, 0), seed=0)
    model.save(folder / "model")
    taps = gaussian(40, 1, (1, 1, 1, 4))
    write_channels(folder / "taps.h5", taps, TAPS, {})
    GaussianMixture((4,), 1).save(
        folder / "tap-model", card={"meta": TAPS.model_dump(mode="json")}
    )
    return folder


def test_files_become_events_in_the_frequency_domain(folder, gaussian):
    real = read_set(folder / "truth.h5")
    assert real.h.shape == (100, 8)
    assert real.layout == ("rx",)
    taps = read_set(folder / "taps.h5")
    expected = np.fft.fftshift(np.fft.fft(gaussian(40, 1, (1, 1, 1, 4))[:, 0, 0, 0]), 1)
    np.testing.assert_allclose(taps.h, expected, rtol=1e-4, atol=1e-5)
    assert taps.layout == ("subcarrier",)


def test_models_of_taps_draw_responses_and_have_no_density_of_them(folder):
    truth = read_set(folder / "taps.h5")
    drawn = load_candidate(folder / "tap-model", truth, 500, seed=1)
    assert drawn.model is None
    power = np.mean(np.abs(drawn.h) ** 2)
    assert power == pytest.approx(4, rel=0.2)  # four taps of unit power


def test_labels_make_groups(folder):
    real = read_set(folder / "truth.h5")
    assert real.groups(()) is None
    assert len(np.unique(real.groups(("day",)))) == 50
    assert len(np.unique(real.groups(("day", "loc")))) == 100
    with pytest.raises(ValueError, match="group_by must name labels of the file, whi"):
        real.groups(("room",))


@pytest.fixture(scope="module")
def found(folder):
    return run_evaluation(
        folder / "model",
        folder / "truth.h5",
        train=folder / "train.h5",
        floor=folder / "floor.h5",
        seed=1,
        n=100,
        group_by=("day", "loc"),
        num_components=4,
    )


def test_a_model_is_evaluated_with_everything(found, folder, tmp_path):
    assert found.exchange.num_train == 200
    assert [gap.bler for gap in found.link.gaps] == [0.1, 0.01]
    save_evaluation(tmp_path, found)
    with (tmp_path / "report.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["source"] for row in rows] == ["truth again", "Gaussian", "model"]
    for column in (
        *("frechet", "sliced_w2", "mmd", "precision", "recall", "density"),
        *("coverage", "nn_accuracy", "nn_accuracy_low", "classifier_accuracy"),
        *("ks_power", "ks_effective_rank", "ks_peak_beam", "memorisation_ratio"),
        *("memorised_share", "log_likelihood"),
    ):
        assert float(rows[2][column]) == pytest.approx(
            found.report.rows[2][column], rel=1e-4
        )
    assert rows[0]["log_likelihood"] == ""
    card = json.loads((tmp_path / "card.json").read_text())
    assert len(card["inputs_sha256"]) == 4
    assert all((tmp_path / name).is_file() for name in card["inputs_sha256"])
    assert not any(name.startswith("/") for name in card["inputs_sha256"])
    assert (tmp_path / card["candidate"] / "model.keras").is_file()
    assert card["seed"] == 1
    assert {"pot", "scikit-learn", "commgen"} <= set(card["versions"])
    assert card["exchange"]["num_train"] == 200
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        *("report.csv", "report.png", "card.json", "exchange.csv", "link.csv"),
    }


def test_the_density_is_that_of_the_truth(found, folder):
    drawn = load_candidate(folder / "model", read_set(folder / "truth.h5"), 20, seed=0)
    model = drawn.model
    expected = float(np.mean(model.log_prob(read_set(folder / "truth.h5").h)))
    assert found.report.row("model")["log_likelihood"] == pytest.approx(expected)


def test_files_of_generated_channels_are_judged_alike(folder, one_path):
    h = one_path(80, 9)[:, :, None, None, None]
    write_channels(folder / "drawn.h5", h, META, {})
    found = run_evaluation(
        folder / "drawn.h5", folder / "truth.h5", seed=1, downstream=False
    )
    assert found.exchange is None
    assert found.link is None
    assert found.report.row("drawn")["num_samples"] == 80
    assert found.title == "drawn against truth"


def test_what_does_not_go_together_is_refused(folder, tmp_path):
    truth = folder / "truth.h5"
    for candidate, message in (
        (folder / "taps.h5", r"candidate must hold channels \(8,\) over \('rx',\), as"),
        (folder / "tap-model", r"candidate must draw channels \(8,\), as the truth"),
    ):
        with pytest.raises(ValueError, match=message):
            run_evaluation(candidate, truth, seed=1)
    with pytest.raises(FileNotFoundError):
        run_evaluation(tmp_path / "none.h5", truth, seed=1)
    with pytest.raises(FileNotFoundError, match="no model at"):
        run_evaluation(tmp_path, truth, seed=1)
    with pytest.raises(ValueError, match="train must hold channels"):
        run_evaluation(truth, truth, train=folder / "taps.h5", seed=1)
