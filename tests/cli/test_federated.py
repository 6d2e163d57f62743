"""Federations from the command line: one file, one folder, one line for a mistake."""

from pathlib import Path

import numpy as np
import pytest
import yaml

pytest.importorskip("flwr")

from commgen._random import complex_normal
from commgen.datasets import ChannelMeta, write_channels
from commgen.federated.config import load_federation

pytestmark = pytest.mark.timeout(300)
EXAMPLE = Path(__file__).parents[2] / "examples/federated.yaml"
META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=30e3, source="toy rooms")


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    """A channel file of three rooms, and a configuration of a mixture for them."""
    folder = tmp_path_factory.mktemp("rooms")
    rng = np.random.default_rng(3)
    room = np.arange(300) % 3
    spread = np.array([[3, 1, 1, 1], [1, 3, 1, 1], [1, 1, 3, 1]])[room] ** 0.5
    h = (spread * complex_normal(rng, (300, 4)) / 1.5**0.5).astype(np.complex64)
    labels = {"room": room, "day": np.arange(300) // 30}
    write_channels(folder / "rooms.h5", h[:, None, None, None], META, labels)
    nodes = {f"r{i}": {"file": "rooms.h5", "rows": {"room": i}} for i in range(3)}
    nodes["r2"]["absent"] = True
    config = {
        "nodes": nodes,
        "split": {"label": "day", "train": [0, 5], "validation": 6, "test": [7, 9]},
        "model": {"family": "gmm", "num_components": 2, "covariance": "circulant"},
        "em": {"max_iterations": 3, "starts": 1, "cluster_steps": 2},
    }
    (folder / "rooms.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture
def write(rooms):
    """Write a configuration that differs, and return its path."""

    def write(**changes):
        config = yaml.safe_load((rooms / "rooms.yaml").read_text())
        path = rooms / "other.yaml"
        path.write_text(yaml.safe_dump({**config, **changes}))
        return path

    return write


def test_the_example_is_complete(commgen):
    text = commgen("federated", "run", "--example").out
    assert text == EXAMPLE.read_text()
    assert load_federation(EXAMPLE).model.family == "vae"


def test_a_run_and_what_one_does_with_it(commgen, refused, rooms, tmp_path, write):
    folder, config = tmp_path / "runs" / "rooms", rooms / "rooms.yaml"
    first = commgen("federated", "run", config, "-o", folder)
    assert f"written to {folder}" in first.out
    assert "r2 (absent)" in first.out
    assert "soft" in first.err  # the table of questions
    for again in (("federated", "run", config, "-o", folder), ("resume", folder)):
        assert f"already done: {folder}" in commgen(*again).out
    told = commgen("federated", "status", folder).out
    assert f"{folder}: done" in told
    assert "r0" in told
    # The model is one like any other.
    channels = tmp_path / "drawn.h5"
    commgen("generate", "--model", folder / "model", "-n", 5, "-o", channels)
    assert channels.is_file()
    picture = tmp_path / "p.png"
    commgen("plot", folder, "-o", picture)
    assert picture.read_bytes()[:4] == b"\x89PNG"
    # Another run in its place is refused, and compared.
    other = write(em={"max_iterations": 1, "starts": 1})
    line = refused("federated", "run", other, "-o", folder)
    assert "holds a run of another configuration" in line
    commgen("federated", "run", other, "-o", tmp_path / "other")
    both = (folder, tmp_path / "other")
    table = commgen("compare", *both, "-o", tmp_path / "both").out
    assert "mean of all" in table
    assert (tmp_path / "both" / "comparison.csv").is_file()
    assert "already done" in commgen("compare", *both, "-o", tmp_path / "both").out
    # With --force it begins anew.
    commgen("federated", "run", other, "-o", folder, "--force")
    assert "already done" in commgen("federated", "run", other, "-o", folder).out


def test_a_plan_says_what_a_run_costs(commgen, rooms):
    out = commgen("federated", "run", rooms / "rooms.yaml", "--dry-run").out
    assert "mixture" in out
    assert "CPU h" in out


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"nodes": {}}, "nodes: must not be empty"),
        (
            {"nodes": {"a": {"file": "rooms.h5", "rows": {"room": 5}}}},
            "got none for tr",
        ),
        ({"nodes": {"a": {"file": "moon.h5"}}}, "nodes.a.file: "),
        ({"nodes": 2 * ["a"]}, "nodes"),
        ({"model": {"family": "gnn"}}, "model.family"),
        ({"strategy": {"name": "FedUp"}}, "strategy.name"),
        ({"strategy": {"options": {"tau": 2}}}, "strategy.options must be those"),
        ({"min_nodes": 3}, "min_nodes: must be at most 2"),
        ({"condition": ["colour"]}, "condition must name labels"),
    ],
)
def test_bad_configurations_are_one_line(refused, write, tmp_path, changes, match):
    line = refused("federated", "run", write(**changes), "-o", tmp_path / "run")
    assert match in line
    assert not (tmp_path / "run" / "model").exists()


def test_what_is_missing_is_one_line(refused, rooms, tmp_path):
    config = rooms / "rooms.yaml"
    assert "CONFIG.yaml" in refused("federated", "run")
    assert "--superlink" in refused("federated", "run", config, "--backend", "deploy")
    deploy = ("--backend", "deploy", "--workers", 2)
    assert "--workers" in refused("federated", "run", config, *deploy)
    assert "holds no federated run" in refused("federated", "status", tmp_path)
    (tmp_path / "letter.txt").write_text("dear")
    line = refused("federated", "run", config, "-o", tmp_path)
    assert "is not empty and holds no run" in line
