"""What a run folder refuses, and what of an experiment it keeps."""

import json
import os
import shutil
import socket

import numpy as np
import pytest
import yaml

from commgen._files.npz import read_npz, write_npz
from commgen.montecarlo import MonteCarlo, run_experiment
from commgen.montecarlo.campaign import (
    CampaignConfig,
    load_campaign,
    load_run,
    resume,
    run_campaign,
)
from commgen.montecarlo.lock import FolderLock

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


@pytest.fixture
def interrupt(monkeypatch):
    """Run an experiment into a folder, but for the third batch and those behind."""

    def begin(experiment, folder):
        run_batch, batches = MonteCarlo.run_batch, []

        def stop(self):
            if len(batches) == 2:
                raise KeyboardInterrupt
            batches.append(1)
            run_batch(self)

        with monkeypatch.context() as patch:
            patch.setattr(MonteCarlo, "run_batch", stop)
            with pytest.raises(KeyboardInterrupt):
                run_experiment(experiment, folder, **QUIET)
        return folder

    return begin


def with_values(experiment, **values):
    return type(experiment).parse({**yaml.safe_load(experiment.dump()), **values})


def test_counts_of_another_run_are_refused(experiment, interrupt, tmp_path):
    ours = interrupt(experiment, tmp_path / "ours")
    other = interrupt(with_values(experiment, seed=9), tmp_path / "other")
    kept = (ours / "state.npz").read_bytes()
    shutil.copy(other / "state.npz", ours / "state.npz")
    with pytest.raises(
        ValueError, match=r"state\.npz has the counts .* \(seed: 9 there, 1 here\)"
    ):
        resume(ours, type(experiment), **QUIET)
    (ours / "state.npz").write_bytes(kept)
    config = (ours / "config.yaml").read_text()
    (ours / "config.yaml").write_text(config.replace("seed: 1", "seed: 2"))
    with pytest.raises(ValueError, match=r"seed: 1 there, 2 here"):
        resume(ours, type(experiment), **QUIET)


def test_what_was_made_for_a_run_stays_with_it(experiment, interrupt, tmp_path):
    folder = interrupt(Fitted(experiment), tmp_path / "run")
    (folder / "models/made").write_text("another")
    with pytest.raises(ValueError, match="models/made has changed since the run in"):
        run_experiment(Fitted(experiment), folder, **QUIET)


def halved(values):
    return {**values, "events": values["events"] // 2}


def one_more(values):
    events = values["events"].copy()
    events[1, 0, 0] = values["blocks"][0, 0] + 1
    return {**values, "events": events}


def fewer_trials(values):
    events, joint = values["events"].copy(), values["joint"].copy()
    events[:, 0, 0] -= 1
    joint[0, 0, 0, 0, 0, 0] -= 1
    return {**values, "events": events, "joint": joint}


DAMAGES = [
    (halved, "products of events|as many blocks|whole batches"),
    (one_more, "no more wrong blocks than blocks"),
    (fewer_trials, "trials must be those of whole batches|trials of all batches"),
    (lambda v: {**v, "num_batches": v["num_batches"] + 1}, "whole batches"),
    (lambda v: {**v, "num_batches": np.array(2.0)}, "num_batches must be whole num"),
    (lambda v: {**v, "blocks": v["blocks"].astype(float)}, "blocks must be whole"),
    (lambda v: {**v, "blocks": -v["blocks"]}, "blocks must be whole numbers .* below"),
    (lambda v: {**v, "blocks": 2 * v["blocks"][:1]}, "blocks must be .* of shape"),
    (lambda v: {**v, "cpu_seconds": np.nan * v["cpu_seconds"]}, "must be finite"),
    (lambda v: {**v, "resting": v["blocks"]}, "resting must be bool of shape"),
    (lambda v: {**v, "power": np.full(v["blocks"].shape, np.inf)}, "power must be fin"),
    (lambda v: {**v, "events": v["events"][..., :-1]}, "events must be .* of shape"),
    (lambda v: {k: v[k] for k in v if k != "joint"}, "joint"),
]


@pytest.mark.parametrize(("change", "message"), DAMAGES)
def test_counts_that_were_changed_are_refused(
    coin, coin_values, interrupt, tmp_path, change, message
):
    """By their checksum, and where there is none, by what counts must be."""
    experiment = coin.parse(coin_values)
    path = interrupt(experiment, tmp_path) / "state.npz"
    values = read_npz(path)
    write_npz(path, change(values))
    with pytest.raises(ValueError, match=r"state\.npz is damaged .*another checksum"):
        run_experiment(experiment, tmp_path, **QUIET)
    old = {k: v for k, v in values.items() if k not in ("origin", "checksum")}
    write_npz(path, change(old))
    with pytest.raises(ValueError, match=rf"state\.npz is damaged \(.*({message})"):
        run_experiment(experiment, tmp_path, **QUIET)


def test_a_folder_of_before_goes_on_and_says_so(
    experiment, finished, interrupt, tmp_path, capsys
):
    folder = interrupt(experiment, tmp_path / "old")
    values = read_npz(folder / "state.npz")
    old = {k: v for k, v in values.items() if k not in ("origin", "checksum")}
    write_npz(folder / "state.npz", old)
    result = resume(folder, type(experiment), **QUIET)
    assert "begun by an older commgen" in capsys.readouterr().err
    for row, other in zip(result.rows, finished.rows, strict=True):
        assert {**row, "cpu_seconds": 0} == {**other, "cpu_seconds": 0}
    resume(folder, type(experiment), **QUIET)
    assert capsys.readouterr().err == ""


def test_other_versions_are_mixed_only_on_demand(
    experiment, interrupt, tmp_path, monkeypatch
):
    folder = interrupt(experiment, tmp_path / "run")
    from commgen.montecarlo import origin

    before = origin.version("numpy")
    monkeypatch.setattr(origin, "version", lambda name: "99.0")
    with pytest.raises(
        ValueError, match=f"begun with numpy {before}, and here is 99.0, .*--other-vers"
    ):
        resume(folder, type(experiment), **QUIET)
    resume(folder, type(experiment), other_versions=True, **QUIET)
    card = json.loads((folder / "card.json").read_text())
    assert card["versions"]["numpy"] == "99.0"
    assert [found["numpy"] for found in card["versions_before"]] == [before]
    monkeypatch.undo()
    assert resume(folder, type(experiment), **QUIET).was_done  # nothing is mixed


def test_a_card_of_other_versions_is_not_taken_over(experiment, interrupt, tmp_path):
    folder = interrupt(experiment, tmp_path / "run")
    card = json.loads((folder / "card.json").read_text())
    card["versions"]["numpy"] = "1.0"
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match=r"begun with numpy 1\.0, and here is"):
        run_experiment(experiment, folder, **QUIET)


def test_a_folder_has_one_run_at_a_time(experiment, interrupt, tmp_path):
    folder = interrupt(experiment, tmp_path / "run")
    assert not (folder / ".lock").exists()
    here = rf"by process {os.getpid()} on {socket.gethostname()}"
    with (
        FolderLock(folder),
        pytest.raises(BlockingIOError, match=f"run is being worked in {here}; wait"),
    ):
        run_experiment(experiment, folder, **QUIET)
    (folder / ".lock").write_text("process 1 on nowhere")  # left behind by a kill
    run_experiment(experiment, folder, **QUIET)
    assert not (folder / ".lock").exists()


def test_two_campaigns_are_not_run_in_one_folder(coin, coin_values, tmp_path):
    campaign = CampaignConfig.of(coin_values, {"seed": [1]}, coin)
    with (
        FolderLock(tmp_path),
        pytest.raises(BlockingIOError, match="is being worked in by process"),
    ):
        run_campaign(campaign, tmp_path, **QUIET)


@pytest.mark.parametrize("anew", [False, True])
def test_a_folder_that_is_removed_ends_its_run(experiment, tmp_path, monkeypatch, anew):
    run_batch, batches = MonteCarlo.run_batch, []

    def remove(self):
        run_batch(self)
        batches.append(1)
        if len(batches) == 2:
            shutil.rmtree(tmp_path / "run")
            if anew:
                (tmp_path / "run").mkdir()

    monkeypatch.setattr(MonteCarlo, "run_batch", remove)
    with pytest.raises(FileNotFoundError, match="run was removed while its run went"):
        run_experiment(experiment, tmp_path / "run", **QUIET)
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ([1], r"card\.json must hold a JSON object, got list"),
        ({"status": "ended"}, r"card\.json: status: "),
        ({"wall_seconds": "long"}, r"card\.json: wall_seconds: "),
        ({"wall_seconds": -1}, r"card\.json: wall_seconds: must be >= 0"),
        ({"versions": 3}, r"card\.json: versions: "),
        ({"inputs": {"a": 1}}, r"card\.json: inputs: "),
    ],
)
def test_odd_cards_are_told(finished, experiment, tmp_path, card, message):
    folder = shutil.copytree(finished.folder, tmp_path / "copy")
    (folder / "card.json").write_text(json.dumps(card))
    for look in (load_run, lambda folder: resume(folder, type(experiment), **QUIET)):
        with pytest.raises(ValueError, match=message):
            look(folder)


@pytest.mark.parametrize("name", ["card.json", "config.yaml"])
def test_files_without_end_are_told(finished, experiment, tmp_path, name):
    folder = shutil.copytree(finished.folder, tmp_path / "copy")
    (folder / name).write_text("[" * 100_000)
    with pytest.raises(ValueError, match=rf"{name}(, values must| is not valid)"):
        resume(folder, type(experiment), **QUIET)
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(ValueError, match=r"card\.json must be a file|holds neither"):
        resume(folder, type(experiment), **QUIET)


def test_faults_in_a_saved_configuration_name_the_file(finished, experiment, tmp_path):
    folder = shutil.copytree(finished.folder, tmp_path / "copy")
    (folder / "config.yaml").write_text("seed: [1]\n")
    with pytest.raises(ValueError, match=r"copy/config\.yaml: seed: "):
        resume(folder, type(experiment), **QUIET)


def test_more_points_than_fit_into_memory_are_refused_with_their_size(
    coin, coin_values, tmp_path
):
    coin_values["bias"] = [0.001 * k for k in range(1_000_000)]
    with pytest.raises(
        ValueError, match=r"curves and points must fit .* GiB, got what takes 119,209 G"
    ):
        run_experiment(coin.parse(coin_values), tmp_path / "run", **QUIET)
    assert not (tmp_path / "run").exists()


def test_a_card_with_another_layout_is_refused(finished, tmp_path):
    folder = shutil.copytree(finished.folder, tmp_path / "copy")
    card = json.loads((folder / "card.json").read_text())
    card["layout"]["curves"] = list(reversed(card["layout"]["curves"]))
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match=r"card\.json must have the layout that"):
        load_run(folder)


def test_a_campaign_that_changed_is_refused(coin, coin_values, tmp_path):
    coin_values["sweep"]["max_num_blocks"] = 400
    campaign = CampaignConfig.of(coin_values, {"seed": [1, 2]}, coin)
    run_campaign(campaign, tmp_path, **QUIET)
    for grid, told in (
        ({"seed": [1, 3]}, "seed: 2 there, 3 here"),
        ({"seed": [1]}, "2 points there, 1 here"),
    ):
        other = CampaignConfig.of(coin_values, grid, coin)
        with pytest.raises(ValueError, match=f"of another configuration .{told}"):
            run_campaign(other, tmp_path, **QUIET)
    assert load_campaign(tmp_path / "campaign.yaml", coin).points == campaign.points


@pytest.mark.parametrize(("start", "stop"), [(0, 400), (-1e5, 0), (-1e300, 1e300)])
def test_snrs_that_single_precision_cannot_tell_are_refused(
    awgn_values, awgn, start, stop
):
    awgn_values["sweep"].update(snr_start_db=start, snr_stop_db=stop, snr_step_db=1e300)
    with pytest.raises(ValueError, match=r"snr_st\w+_db: must be between -150"):
        awgn.parse(awgn_values)


def test_bad_configurations_are_told_by_key(coin, coin_values):
    coin_values["sweep"]["batch_size"] = 0
    with pytest.raises(ValueError, match=r"sweep\.batch_size: must be >= 1, got 0"):
        coin.parse(coin_values)
