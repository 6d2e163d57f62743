"""What a run folder refuses, and what of an experiment it keeps."""

import json
import shutil

import pytest
import yaml

from commgen.montecarlo import MonteCarlo, run_experiment
from commgen.montecarlo.campaign import load_run, resume

QUIET = {"progress": False}


class Fitted:
    """Adds to an experiment what must be made, and kept, before the first batch."""

    def __init__(self, experiment, refused=False):
        self.experiment, self.refused, self.made = experiment, refused, 0

    def __getattr__(self, name):
        return getattr(self.experiment, name)

    def build(self, keep):
        if self.refused:
            raise ValueError("config does not fit its data.")
        path = keep() / "made"
        if not path.exists():
            path.parent.mkdir()
            path.write_text("made")
            self.made += 1
        return self.experiment.build()


def test_what_does_not_fit_leaves_nothing_and_what_is_made_is_kept(
    experiment, tmp_path, monkeypatch
):
    with pytest.raises(ValueError, match="does not fit its data"):
        run_experiment(Fitted(experiment, refused=True), tmp_path / "a", **QUIET)
    assert not (tmp_path / "a").exists()
    fitted = Fitted(experiment)

    def stop(self, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(MonteCarlo, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(fitted, tmp_path / "b", **QUIET)
    monkeypatch.undo()
    run_experiment(fitted, tmp_path / "b", **QUIET)
    assert fitted.made == 1
    assert (tmp_path / "b/models/made").exists()


class Reads:
    """Adds a file that is read."""

    def __init__(self, experiment, path):
        self.experiment, self.path = experiment, path

    def __getattr__(self, name):
        return getattr(self.experiment, name)

    def inputs(self):
        return [self.path]


def test_inputs_that_changed_are_refused(experiment, tmp_path):
    path = tmp_path / "data"
    path.write_text("one")
    run_experiment(Reads(experiment, path), tmp_path / "run", **QUIET)
    path.write_text("two")
    with pytest.raises(ValueError, match="data has changed since the run in"):
        run_experiment(Reads(experiment, path), tmp_path / "run", **QUIET)


def test_bad_folders_and_cards(experiment, finished, tmp_path):
    other = type(experiment).parse({**yaml.safe_load(experiment.dump()), "seed": 9})
    with pytest.raises(ValueError, match="holds a run of another configuration"):
        run_experiment(other, finished.folder, **QUIET)
    with pytest.raises(ValueError, match="holds neither a run nor a campaign"):
        resume(tmp_path, type(experiment))
    folder = shutil.copytree(finished.folder, tmp_path / "copy")
    card = json.loads((folder / "card.json").read_text())
    for layout, message in (
        ({**card["layout"], "curves": []}, r"card\.json: layout: curves: "),
        (
            {**card["layout"], "points": [1.0]},
            "must have the curves, points and events",
        ),
        (None, "must say the layout of its run, it has none"),
    ):
        changed = {**card, "layout": layout}
        if layout is None:
            del changed["layout"]
        (folder / "card.json").write_text(json.dumps(changed))
        with pytest.raises(ValueError, match=message):
            load_run(folder)


def test_bad_configurations_are_told_by_key(coin, coin_values):
    coin_values["sweep"]["batch_size"] = 0
    with pytest.raises(ValueError, match=r"sweep\.batch_size: must be >= 1, got 0"):
        coin.parse(coin_values)
