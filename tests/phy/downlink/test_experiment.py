"""The downlink as an experiment: what it counts, refuses, and goes on with."""

import copy
from pathlib import Path

import numpy as np
import pytest
import yaml

from commgen.cli._experiments import find_kind
from commgen.cli.resume import resume
from commgen.cli.simulate import simulate
from commgen.generative import GaussianMixture
from commgen.montecarlo import run_experiment
from commgen.phy.beams import LearnedPrecoder
from commgen.phy.downlink.experiment import DownlinkExperiment

BASE = {
    "experiment": "downlink",
    "seed": 1,
    "channel": {"scenario": "rayleigh", "num_rx_ant": 1, "num_tx_ant": 4},
    "link": {"num_users": 3, "num_re": 48, "num_decoder_iterations": 5},
    "belief": {"kind": "error", "err_var": 0.1, "num_draws": 8},
    "precoders": [{"kind": "zf"}, {"kind": "zf", "name": "known", "knows": "channels"}],
    "adaptation": {"kind": "fixed", "mcs": 4},
    "sweep": {
        "snr_start_db": 0,
        "snr_stop_db": 20,
        "snr_step_db": 20,
        "batch_size": 20,
        "max_num_blocks": 120,
        "target_block_errors": 200,
    },
}


SAMPLED = {"kind": "wmmse", "of": "samples"}


@pytest.fixture
def base():
    return copy.deepcopy(BASE)


def test_counts_are_those_of_its_rows_and_repeat(base, tmp_path):
    experiment = DownlinkExperiment.parse(base)
    rows = run_experiment(experiment, tmp_path / "run", progress=False).rows
    again = run_experiment(experiment, tmp_path / "again", progress=False).rows
    assert [{**r, "cpu_seconds": 0} for r in rows] == [
        {**r, "cpu_seconds": 0} for r in again
    ]
    assert [r["precoder"] for r in rows] == ["zf", "zf", "known", "known"]
    size = 3 * experiment.build()._link.codec.sizes[4] / 48
    for row in rows:
        # All are sent the same scheme: goodput is what is not lost of it.
        assert row["goodput"] == pytest.approx(size * (1 - row["bler"]))
        assert row["goodput_low"] <= row["goodput"] <= row["goodput_high"]
        assert row["rate"] > 0
    low, high = (r["goodput"] for r in rows if r["precoder"] == "known")
    assert high > 1.5 * low
    assert rows[1]["bler"] > rows[3]["bler"]


def test_believed_schemes_fail_as_often_as_was_asked(base):
    base["adaptation"] = {"kind": "believed", "num_threshold_blocks": 20}
    base["belief"]["num_draws"] = 40
    counted = DownlinkExperiment.parse(base).build().run(0, np.ones((2, 2), bool))
    _, wrong, sent, bits, elements = counted.events
    assert (sent <= 60).all()
    assert sent[3] > 50
    assert (elements == 20 * 48).all()
    assert wrong.sum() / sent.sum() < 0.2
    assert bits[3] > bits[1] >= bits[0]


def test_reported_schemes_follow_what_users_measure(base):
    base["adaptation"] = {"kind": "reported", "num_threshold_blocks": 20}
    found = []
    for offset_db in (-6.0, 0.0, 6.0):
        for entry in base["precoders"]:
            entry["offset_db"] = offset_db
        counted = DownlinkExperiment.parse(base).build().run(0, np.ones((2, 2), bool))
        found.append(counted.events[1].sum() / counted.events[2].sum())
    assert found[0] > 0.5
    assert found[1] < 0.25
    assert found[2] < 0.05


def test_observed_antennas_and_learned_precoders(base, tmp_path):
    rng = np.random.default_rng(0)
    h = rng.standard_normal((200, 4, 2)).astype(np.float32).view(np.complex64)[..., 0]
    prior = GaussianMixture((4,), 1)
    prior.fit(h / np.sqrt(2), seed=0)
    prior.save(tmp_path / "prior")
    LearnedPrecoder.of_seed(1).save(tmp_path / "precoder")
    base["belief"] = {"kind": "observed", "model": "prior", "num_seen": 4}
    base["precoders"] += [{"kind": "learned", "model": "precoder"}]
    base["sweep"] |= {"batch_size": 4, "max_num_blocks": 12, "snr_start_db": 20}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(base))
    from commgen.montecarlo.campaign import load_campaign

    experiment = load_campaign(tmp_path / "c.yaml", find_kind(base))
    assert isinstance(experiment, DownlinkExperiment)
    folders = [tmp_path / "prior", tmp_path / "precoder"]
    assert list(experiment.inputs()) == folders
    bits = experiment.build().run(0, np.ones((3, 1), bool)).events[3]
    assert bits[2] > 0
    base["belief"]["num_seen"] = 5
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(base))
    with pytest.raises(ValueError, match=r"num_seen must be at most the 4 ant.*got 5"):
        load_campaign(tmp_path / "c.yaml", DownlinkExperiment).build()  # pyright: ignore


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"link": {"num_users": 5}}, r"num_users times .* at most the 4 ant.*5 x 1"),
        ({"link": {"num_users": 2, "num_streams": 2}}, r"at most the 1 antennas of a"),
        ({"precoders": [{"kind": "zf"}] * 2}, r"precoders: must have distinct names"),
        ({"adaptation": {"kind": "fixed"}}, r"mcs: must be given where kind is fi"),
        ({"adaptation": {"kind": "fixed", "mcs": 28}}, r"mcs: must be below 28 of tab"),
        ({"adaptation": {"target_bler": 1.0}}, r"adaptation.target_bler"),
        ({"belief": {"kind": "error", "err_var": 0}}, r"belief.*err_var"),
        (
            {"belief": {"kind": "perfect"}, "precoders": [SAMPLED]},
            r"belief.kind: must be another than perfect",
        ),
        (
            {"precoders": [{**SAMPLED, "knows": "channels"}]},
            r"^precoders.0.of: must be mean where knows is channels, got samples$",
        ),
        (
            {"channel": {**BASE["channel"], "grid": {"num_subcarriers": 2}}},
            r"grid: must be left out",
        ),
        ({"experiment": "uplink"}, r"experiment"),
        ({"precoders": []}, r"precoders: must name at least one"),
    ],
)
def test_what_does_not_go_together_is_refused(base, change, message):
    with pytest.raises(ValueError, match=message):
        DownlinkExperiment.parse({**base, **change})


def test_command_line_runs_and_resumes_it(base, tmp_path, capsys):
    base["sweep"]["max_num_blocks"] = 60
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(base))
    simulate(config=tmp_path / "c.yaml", output=tmp_path / "run")
    out = capsys.readouterr().out
    assert "goodput" in out
    assert "known" in out
    resume(tmp_path / "run")
    assert "already done" in capsys.readouterr().out
    base["experiment"] = "nothing"
    (tmp_path / "d.yaml").write_text(yaml.safe_dump(base))
    with pytest.raises(ValueError, match=r"experiment must be one of link, downlink"):
        simulate(config=tmp_path / "d.yaml", output=tmp_path / "other")


def test_example_is_whole():
    path = Path(__file__).parents[3] / "examples/downlink.yaml"
    experiment = DownlinkExperiment.parse(yaml.safe_load(path.read_text()))
    assert experiment.config.antennas == (1, 8)
    assert experiment.layout.curves[-1] == "channels known"
    assert DownlinkExperiment.parse(yaml.safe_load(experiment.dump())) == experiment
