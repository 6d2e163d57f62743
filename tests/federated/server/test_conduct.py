"""Whole runs of a small network over three places of a recording."""

import json

import numpy as np
import pytest

pytest.importorskip("flwr")

import commgen
from commgen.federated.config import parse_federation
from commgen.federated.nodes.host import NodeHost
from commgen.federated.nodes.learner import FIXED, WEIGHTS
from commgen.federated.nodes.shelf import build_model
from commgen.federated.server.checkpoint import load_state, save_state
from commgen.federated.server.conduct import conduct
from commgen.federated.server.local import Here, LocalGrid
from commgen.federated.server.network import travelling
from commgen.federated.tasks import Task
from commgen.generative.weights import values as weight_values, weight_names

pytestmark = pytest.mark.timeout(300)
MODEL = {"family": "vae", "options": {"width": 8, "depth": 1, "num_latents": 3}}
TRAINING = {"rounds": 2, "batch_size": 36}


class Killed(BaseException):
    """As if the process had been killed: nothing catches it."""


@pytest.fixture(scope="module")
def small(request):
    """Plain values of a federation, and the one model of this module."""
    path = request.getfixturevalue("recording")
    nodes = {f"place {i}": {"file": str(path), "rows": {"place": i}} for i in range(3)}
    split = {"label": "day", "train": [1, 6], "validation": [7, 8], "test": [9, 10]}
    values = {"seed": 5, "nodes": nodes, "split": split, "model": MODEL}
    values |= {"training": TRAINING, "personal": {"adapt_epochs": 0}}
    return values, NodeHost(parse_federation(values)).shelf


def run(small, folder, *, kill_at=None, host=None, **changes):
    values, shelf = small
    config = parse_federation({**values, **changes})
    host = host or NodeHost(config, folder / "nodes", shelf)
    seen = []

    def watch(row):
        seen.append(row)
        if len(seen) == kill_at:
            raise Killed

    grid = LocalGrid(len(config.nodes), Here(host))
    return conduct(config, grid, folder, watch=watch), host


@pytest.fixture(scope="module")
def scaffold(small, tmp_path_factory):
    """A finished run with control variates, of which each node holds its own."""
    folder = tmp_path_factory.mktemp("runs") / "scaffold"
    return run(small, folder, correction="scaffold")[0]


def weights_of(folder):
    return load_state(folder / "state.npz").group("weights")


def test_the_rounds_are_those_of_a_plain_loop(small, tmp_path):
    """Weighted means of what nodes answer, written out; two rounds of FedAvg."""
    result, host = run(small, tmp_path / "run")
    config, shelf = host.config, host.shelf
    nodes = [NodeHost(config, None, shelf).node(i) for i in range(3)]
    n = np.array([len(node.data.train) for node in nodes], float)
    power = float(n @ [node.data.power for node in nodes] / n.sum())
    model = shelf.model((4,))
    start = build_model(config, (4,))
    fixed = {FIXED + k: v for k, v in weight_values(weight_names(start)).items()}

    def ask(what, arrays, **settings):
        task = Task(what, 1, arrays, {"power": power, **settings})
        return [node.answer(task) for node in nodes]

    sums = [answer.arrays for answer in ask("sums", fixed)]
    start.adapt_sums(
        {
            k.removeprefix("sums/"): sum(
                n_i * s[k] for n_i, s in zip(n, sums, strict=True)
            )
            for k in sums[0]
        }
    )
    weights, moving = weight_values(weight_names(start)), travelling(model, ())
    losses = []
    for step in (1, 2):
        arrays = {
            (WEIGHTS if k in moving else FIXED) + k: v for k, v in weights.items()
        }
        answers = ask("train", arrays, step=step, share=1.0)
        losses.append(float(n @ [a.metrics["val_loss"] for a in answers] / n.sum()))
        for name in moving:
            new = [answer.arrays[WEIGHTS + name] for answer in answers]
            weights[name] = np.tensordot(n / n.sum(), np.stack(new), 1)
    rows = [row for row in result.rounds if row["what"] == "train"]
    assert [row["val_loss"] for row in rows] == pytest.approx(losses, rel=1e-4)
    assert losses[-1] < losses[0]
    if result.numbers["best_round"] == 2:
        found = weights_of(tmp_path / "run")
        for name in moving:
            assert found[name] == pytest.approx(weights[name], rel=1e-3, abs=1e-5)


def test_a_run_that_is_killed_anywhere_ends_in_the_same_bits(small, scaffold, tmp_path):
    folder, kills = tmp_path / "run", 0
    while True:
        try:
            result, _ = run(small, folder, kill_at=3, correction="scaffold")
            break
        except Killed:
            kills += 1
            assert kills < 20
    assert kills >= len(scaffold.rounds) // 3
    one, other = weights_of(scaffold.folder), weights_of(folder)
    assert all(np.array_equal(one[name], other[name]) for name in one)
    timeless = [{**row, "seconds": 0} for row in result.rounds]
    assert timeless == [{**row, "seconds": 0} for row in scaffold.rounds]
    assert result.nodes == scaffold.nodes


def test_a_mixture_that_is_cut_off_asks_nothing_twice(small, tmp_path):
    """Answers of EM are kept until the mixture is fitted: the bits are the same."""
    values = {**small[0], "model": {"family": "gmm", "num_components": 2}}
    values["em"] = {"max_iterations": 4, "starts": 2, "cluster_steps": 2}
    values |= {"local_only": True, "personal": {"adapt_epochs": 1}}
    pair = values, NodeHost(parse_federation(values)).shelf
    whole, _ = run(pair, tmp_path / "whole")
    folder, kills, asked = tmp_path / "cut", 0, []
    while True:
        try:
            cut, _ = run(pair, folder, kill_at=len(asked) + 4)
            break
        except Killed:
            kills += 1
            asked = [*(folder / "steps").glob("*.npz")]
            assert kills < 20
    assert kills > 2
    assert not [*(folder / "steps").iterdir()]
    one, other = weights_of(whole.folder), weights_of(folder)
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert [row["loss"] for row in cut.rounds] == [row["loss"] for row in whole.rounds]
    assert cut.nodes == whole.nodes
    assert all(row[kind] < 0 for row in whole.nodes for kind in ("adapted", "local"))


def test_a_warm_start_is_better_and_outlives_kills(small, scaffold, tmp_path):
    """The server's own training comes before the first round, and is done again."""
    changes = {
        "correction": "scaffold",
        "warm_start": {"num_components": 2, "num_draws": 400, "epochs": 3},
        "em": {"max_iterations": 2, "starts": 1, "cluster_steps": 2},
    }
    whole, _ = run(small, tmp_path / "whole", **changes)
    losses = [
        [r["val_loss"] for r in found.rounds if r["what"] == "train"]
        for found in (whole, scaffold)
    ]
    assert losses[0][0] < losses[1][0] - 0.05
    kinds = [row["what"] for row in whole.rounds]
    first = kinds.index("train")
    with pytest.raises(Killed):
        run(small, tmp_path / "cut", kill_at=first + 1, **changes)
    run(small, tmp_path / "cut", **changes)
    one, other = weights_of(whole.folder), weights_of(tmp_path / "cut")
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_finished_run_is_only_shown(small, scaffold):
    before = {p: p.stat().st_mtime_ns for p in scaffold.folder.rglob("*")}
    again, _ = run(small, scaffold.folder, correction="scaffold")
    assert again.was_done
    assert not scaffold.was_done
    assert again.nodes == scaffold.nodes
    assert {p: p.stat().st_mtime_ns for p in scaffold.folder.rglob("*")} == before


def test_what_a_run_leaves(scaffold):
    names = {path.name for path in scaffold.folder.iterdir()}
    files = {"config.yaml", "state.npz", "rounds.csv", "nodes.csv", "results.png"}
    assert names >= files | {"card.json", "model", "logs", "nodes"}
    assert ".lock" not in names
    card = json.loads((scaffold.folder / "card.json").read_text())
    assert card["status"] == "done"
    assert card["divergence_iid"] < min(card["divergence"].values())
    model = commgen.generative.load_model(scaffold.folder / "model")
    assert model.sample(5, seed=1).shape == (5, 4)
    assert {row["node"] for row in scaffold.nodes} == {f"place {i}" for i in range(3)}
    assert all(row["global"] < 0 for row in scaffold.nodes)
    trained = [row for row in scaffold.rounds if row["what"] == "train"]
    assert all(row["drift"] >= 1 for row in trained)
    # Weights, two moments and a control variate go up, after the first round.
    assert trained[1]["bytes_up"] == trained[0]["bytes_up"]
    assert trained[1]["bytes_down"] > 2 * trained[0]["bytes_down"]


def test_a_node_over_its_budget_is_late_and_the_run_lives(small, tmp_path):
    values, _ = small
    nodes = {**values["nodes"]}
    nodes["place 1"] = {**nodes["place 1"], "budget": {"uplink_kbit_s": 1}}
    nodes["place 2"] = {**nodes["place 2"], "absent": True}
    short = {"training": {**TRAINING, "rounds": 1}}
    short["local_only"] = True
    result, _ = run(small, tmp_path / "run", nodes=nodes, timeout_s=20, **short)
    rows = {row["node"]: row for row in result.nodes}
    trained = [row for row in result.rounds if row["what"] == "train"]
    assert [(row["answers"], row["late"]) for row in trained] == [(1, 1)]
    assert rows["place 1"]["late"] >= 1
    assert "it sends for" in rows["place 1"]["reason"]
    # One that is absent is met, and judged in the end.
    assert rows["place 2"]["answers"] == 2
    assert rows["place 2"]["global"] < 0
    # Alone each node trains from the same first weights, on channels of its own.
    assert rows["place 0"]["local"] != rows["place 2"]["local"]
    assert rows["place 0"]["local"] == pytest.approx(rows["place 0"]["global"], abs=2)


def test_other_versions_are_not_mixed_in_silence(small, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    with pytest.raises(Killed):
        run(small, folder, kill_at=2)
    card = json.loads((folder / "card.json").read_text())
    card["versions"]["keras"] = "2.0"
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match=r"was begun with keras 2.0, and here is"):
        run(small, folder)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"seed": 6}, "holds a run of another configuration .seed: 5 there, 6 here"),
        (
            {"strategy": {"name": "FedAvg", "options": {"tau": 1}}},
            "holds a run of another",
        ),
    ],
)
def test_another_configuration_is_refused(small, scaffold, changes, match):
    with pytest.raises(ValueError, match=match):
        run(small, scaffold.folder, **{"correction": "scaffold", **changes})


def test_what_does_not_fit_is_one_line(small, tmp_path):
    values, _ = small
    model = {**MODEL, "options": {"breadth": 3}}
    with pytest.raises(
        ValueError, match=r"model.options must be those of vae: .*breadth"
    ):
        run(small, tmp_path / "a", model=model)
    with pytest.raises(ValueError, match=r"strategy.options must be those of FedAvg"):
        run(small, tmp_path / "b", strategy={"options": {"tau": 1}})
    with pytest.raises(ValueError, match=r"personal.parts must be words in names"):
        run(small, tmp_path / "c", personal={"parts": ["nowhere"]})
    nodes = {**values["nodes"], "street": {"channel": {"scenario": "rayleigh"}}}
    with pytest.raises(
        ValueError, match=r"one shape, got \(4,\) of place 0 and \(1,\)"
    ):
        run(small, tmp_path / "d", nodes=nodes, host=None)
    # Nothing is left of what could not begin.
    assert not [*tmp_path.iterdir()]
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="is not empty and holds no run"):
        run(small, tmp_path / "e")


def test_a_state_that_is_damaged_is_told(small, scaffold, tmp_path):
    state = load_state(scaffold.folder / "state.npz")
    save_state(tmp_path / "state.npz", state)
    data = bytearray((tmp_path / "state.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "state.npz").write_bytes(bytes(data))
    with pytest.raises(ValueError, match="is damaged"):
        load_state(tmp_path / "state.npz")
