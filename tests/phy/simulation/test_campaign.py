import csv
import errno
import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from commgen.montecarlo import MonteCarlo
from commgen.montecarlo.campaign import (
    CampaignConfig,
    compare_runs,
    load_campaign,
    load_run,
    plan_experiment,
    plot_folder,
    resume,
    run_campaign,
    save_comparison,
)
from commgen.phy import (
    LinkExperiment,
    dump_config,
    parse_config,
    reference_channel,
    run_simulation,
)
from commgen.phy.simulation.layout import link_layout

QUIET = {"progress": False}
QUICK = {**QUIET, "jit_compile": False}
GRID = {
    "link.coderate": [0.3, 0.5],
    "scheme": [
        {"name": "qpsk", "link.num_bits_per_symbol": 2},
        {"name": "qam16", "link.num_bits_per_symbol": 4},
    ],
}


class QuickLink(LinkExperiment):
    """A link that is not compiled, which takes longer than it saves here."""

    @classmethod
    def parse(cls, data):
        return cls(parse_config(data), jit_compile=False)


def table(path, *, without=("cpu_seconds",)):
    with open(path, newline="", encoding="utf-8") as file:
        return [
            {k: v for k, v in row.items() if k not in without}
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def finished(base_values, tmp_path_factory):
    """A finished campaign of four points, and its folder."""
    folder = tmp_path_factory.mktemp("campaign") / "run"
    campaign = CampaignConfig.of(base_values, GRID, QuickLink)
    return campaign, folder, run_campaign(campaign, folder, **QUIET)


class TestGrid:
    def test_points_are_the_product_and_set_what_they_say(self, base):
        campaign = CampaignConfig.of(base, GRID, QuickLink)
        assert [point.title for point in campaign.points] == [
            "link.coderate=0.3, scheme=qpsk",
            "link.coderate=0.3, scheme=qam16",
            "link.coderate=0.5, scheme=qpsk",
            "link.coderate=0.5, scheme=qam16",
        ]
        last = campaign.points[-1].experiment.config
        assert (last.link.coderate, last.link.num_bits_per_symbol) == (0.5, 4)
        assert last == parse_config(
            {**base, "link": {**base["link"], "num_bits_per_symbol": 4}}
        )

    def test_lists_are_entered_by_number(self, base):
        grid = {"estimators.0.name": ["one", "two"], "seed": [3]}
        points = CampaignConfig.of(base, grid, QuickLink).points
        assert [p.experiment.config.estimators[0].name for p in points] == [
            "one",
            "two",
        ]
        assert points[0].experiment.config.seed == 3

    @pytest.mark.parametrize(
        ("grid", "message"),
        [
            ([], "grid must be a mapping of keys to lists of values, got list"),
            ({}, "grid must be a mapping"),
            ({"seed": 3}, r"grid\.seed must be a list of values, got 3"),
            ({"seed": []}, r"grid\.seed must be a list of values, got \[\]"),
            ({3: [1]}, r"grid must have keys such as link\.coderate, got 3"),
            ({"bler": [1]}, r"grid\.bler must not be called like a column"),
            ({"seed": list(range(10_001))}, "at most 10000 points, got 10001"),
            ({"seed": [1, 1]}, "values that differ on every axis"),
            ({"link.nofft.x": [1]}, r"link\.nofft\.x must be a key .* has no nofft"),
            ({"link.fft": [1]}, r"grid point link\.fft=1: link\.fft: is an unknown k"),
            ({"link.coderate": [2]}, r"grid point link\.coderate=2: .*coderate"),
            ({"estimators.7": [3]}, r"estimators\.7 must be a key .* has no 7"),
            ({"case": [{"name": "x"}]}, r"grid\.case must set a key in x"),
            ({"a": [{"seed": 1}]}, r"grid\.a must give a name to each"),
            ({"seed.x": [1]}, r"seed\.x must lie in a mapping or list"),
        ],
    )
    def test_bad_grids_are_refused(self, base, grid, message):
        with pytest.raises(ValueError, match=message):
            CampaignConfig.of(base, grid, QuickLink)

    def test_files_come_back_with_absolute_paths(self, base, tmp_path):
        base["estimators"] = [{"kind": "ls"}, {"kind": "prior", "model": "m"}]
        grid = {"estimators.1.model": ["a", "/b"], "seed": [1, 2]}
        path = tmp_path / "campaign.yaml"
        path.write_text(yaml.safe_dump({**base, "grid": grid}))
        campaign = load_campaign(path, QuickLink)
        assert isinstance(campaign, CampaignConfig)
        models = [str(p.experiment.config.estimators[1].model) for p in campaign.points]
        assert models == [str(tmp_path / "a")] * 2 + ["/b"] * 2
        titles = [point.title for point in campaign.points]
        assert titles[::2] == [
            "estimators.1.model=a, seed=1",
            "estimators.1.model=b, seed=1",
        ]
        path.write_text(campaign.dump())
        assert load_campaign(path, QuickLink).points == campaign.points
        other = tmp_path / "deep/campaign.yaml"
        other.parent.mkdir()
        other.write_text(campaign.dump(other.parent))
        assert str(tmp_path) not in other.read_text()
        assert load_campaign(other, QuickLink).points == campaign.points
        path.write_text(yaml.safe_dump(base))
        assert load_campaign(path, QuickLink).config.link.fft_size == 12


class TestRun:
    def test_one_table_has_all_points(self, finished):
        campaign, folder, result = finished
        rows = table(folder / "results.csv")
        assert len(rows) == 4 * 2 * 4
        assert rows[0]["link.coderate"] == "0.3"
        assert {row["scheme"] for row in rows} == {"qpsk", "qam16"}
        assert len(table(folder / "readings.csv")) == 4 * 2 * 2
        assert (folder / "results.png").read_bytes().startswith(b"\x89PNG")
        alone = run_simulation(
            campaign.points[2].experiment.config, folder.parent / "alone", **QUICK
        )
        for key in ("bler", "nmse_db", "num_blocks"):
            assert [r[key] for r in alone.rows] == [
                r[key] for r in result.results[2].rows
            ]

    def test_a_finished_campaign_is_only_read(self, finished):
        _, folder, result = finished
        again = resume(folder, QuickLink, **QUIET)
        assert all(run.was_done for run in again.results)
        assert again.results[3].rows == result.results[3].rows

    def test_other_folders_are_refused(self, finished, base, tmp_path):
        campaign, folder, _ = finished
        other = CampaignConfig.of(base, {"seed": [1, 2]}, QuickLink)
        with pytest.raises(ValueError, match="holds a campaign of another"):
            run_campaign(other, folder, **QUIET)
        (tmp_path / "x").write_text("precious")
        with pytest.raises(ValueError, match="not empty and holds no campaign"):
            run_campaign(campaign, tmp_path, **QUIET)
        with pytest.raises(ValueError, match="must be a folder, it is a file"):
            run_campaign(campaign, tmp_path / "x", **QUIET)
        with pytest.raises(ValueError, match="holds neither a run nor a campaign"):
            resume(tmp_path, QuickLink)


class TestSaved:
    def test_plot_draws_what_is_there(self, finished, tmp_path):
        _, folder, _ = finished
        path = plot_folder(folder, tmp_path / "a.png")
        assert path.stat().st_size > 10_000
        path = plot_folder(folder / "points/0001", tmp_path / "b.png")
        assert path.stat().st_size > 10_000

    def test_runs_are_compared_with_intervals(self, finished, tmp_path):
        _, folder, _ = finished
        curves, rows = compare_runs(
            [folder / "points/0000", folder / "points/0002"], {"bler": [0.3]}
        )
        assert curves[0].label == "0000 / ls"
        ls, perfect, other_ls, other_perfect = rows
        assert perfect["paired"]
        assert not other_ls["paired"]
        assert perfect["gain_db"] > 1
        assert other_ls["reference"] == "0000 / ls"
        assert other_perfect["reference"] == "0000 / perfect"
        # A higher rate needs more SNR.
        assert other_ls["gain_high_db"] < 0.5
        assert ls["gain_db"] == 0
        save_comparison(tmp_path, curves, rows)
        assert len(table(tmp_path / "comparison.csv")) == 4
        assert (tmp_path / "comparison.png").stat().st_size > 10_000

    def test_bad_folders(self, tmp_path, base):
        with pytest.raises(ValueError, match=r"not a run folder: it has no config"):
            load_run(tmp_path)
        with pytest.raises(ValueError, match="name at least one run"):
            compare_runs([])
        (tmp_path / "config.yaml").write_text(dump_config(parse_config(base)))
        with pytest.raises(ValueError, match="has counted nothing yet"):
            load_run(tmp_path)
        campaign = CampaignConfig.of(base, GRID, QuickLink)
        (tmp_path / "campaign.yaml").write_text(campaign.dump())
        with pytest.raises(ValueError, match="campaign that has counted nothing yet"):
            plot_folder(tmp_path)


def test_the_plan_is_near_what_it_costs(base):
    """Blocks within a factor of two, in a sweep with steady error rates."""
    base["sweep"].update(
        target_block_errors=300, max_num_blocks=20_000, snr_stop_db=5, batch_size=128
    )
    experiment = QuickLink.parse(base)
    plan = plan_experiment(experiment, num_batches=4, **QUIET)
    assert plan.num_points == 6
    low, expected, high = plan.num_blocks
    assert low <= expected <= high
    assert plan.cpu_hours[0] <= plan.cpu_hours[1] <= plan.cpu_hours[2]
    assert plan.memory_bytes > 2**27
    tally = MonteCarlo(experiment.build(), experiment.sweep).run()
    assert 0.5 * low < tally.blocks.sum() < 2 * high


def test_a_full_disk_is_told_and_what_is_there_stays(base, tmp_path, monkeypatch):
    """The state of the batch before survives, and the run goes on from it."""
    config = parse_config(base)
    whole = run_simulation(config, tmp_path / "whole", **QUICK)
    savez, calls = np.savez, []

    def full(file, **arrays):
        calls.append(1)
        if len(calls) == 3:
            file.write(b"half of it")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        savez(file, **arrays)

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match=r"No space left on device.*state\.npz"):
        run_simulation(config, tmp_path / "full", **QUICK)
    assert load_run(tmp_path / "full").tally.num_batches == 2
    assert not [p for p in (tmp_path / "full").iterdir() if p.name.startswith(".")]
    monkeypatch.undo()
    again = run_simulation(config, tmp_path / "full", **QUICK)
    assert [r["bler"] for r in again.rows] == [r["bler"] for r in whole.rows]


def test_the_example_of_the_uplink_is_a_campaign_of_the_standards_channels():
    path = Path(__file__).parents[3] / "examples/pusch.yaml"
    points = load_campaign(path, QuickLink).points
    assert [point.labels["case"] for point in points] == ["A3-11", "A4-11", "A5-11"]
    for point in points:
        link, channel = (
            point.experiment.config.link,
            point.experiment.config.channel.config,
        )
        wanted = reference_channel(link.reference_channel).channel_config(2)
        assert channel.model == wanted.model
        assert channel.max_doppler_hz == wanted.max_doppler_hz


def test_the_example_of_the_amplifier_is_a_campaign_over_its_back_off():
    path = Path(__file__).parents[3] / "examples/link_amplifier.yaml"
    links = [p.experiment.config.link for p in load_campaign(path, QuickLink).points]
    assert [link.is_spread for link in links] == [False] * 5 + [True] * 5
    back_offs = [link.impairments.transmitter[0].back_off_db for link in links]
    assert back_offs == [20, 9, 6, 3, 0] * 2


@pytest.mark.parametrize("num_points", [2, 7])
def test_campaigns_are_drawn_by_point_or_by_estimator(
    num_points, tmp_path, monkeypatch
):
    from commgen.montecarlo import figure

    panels = []
    monkeypatch.setattr(
        figure, "_save_panels", lambda _, found, layout: panels.extend(found)
    )
    layout = link_layout(["ls", "perfect"], [0.0], harq=False)
    rows = [{"estimator": name} for name in ("ls", "perfect", "ls")]
    points = [(f"point {i}", rows) for i in range(num_points)]
    figure.save_campaign_figure(tmp_path / "a.png", points, layout)
    titles = [title for title, _ in panels]
    if num_points == 2:
        assert titles == ["point 0", "point 1"]
        assert [(label, len(own)) for label, own in panels[0][1]] == [
            ("ls", 2),
            ("perfect", 1),
        ]
    else:
        assert titles == ["ls", "perfect"]
        assert [label for label, _ in panels[1][1]] == [t for t, _ in points]
