"""Worker processes give the numbers of this one, of a link too."""

import csv

import pytest
import yaml

from commgen.montecarlo import Workers
from commgen.phy import parse_config, run_simulation


def table(folder, name):
    with open(folder / name, newline="", encoding="utf-8") as file:
        return [
            {k: v for k, v in row.items() if k != "cpu_seconds"}
            for row in csv.DictReader(file)
        ]


@pytest.fixture
def values(base):
    base["estimators"].insert(
        1, {"kind": "lmmse", "event": "grid", "num_train_channels": 100}
    )
    base["sweep"].update(max_num_blocks=1600, target_block_errors=10**6)
    return base


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_workers_give_the_numbers_of_one_process(values, tmp_path):
    """Of a link, with a model that is fitted first; what dies is tried with coins."""
    config, quick = parse_config(values), {"progress": False, "jit_compile": False}
    with Workers(2) as workers:
        run_simulation(config, tmp_path / "workers", workers=workers, **quick)
    run_simulation(config, tmp_path / "alone", **quick)
    for file in ("results.csv", "estimation.csv", "readings.csv"):
        assert table(tmp_path / "workers", file) == table(tmp_path / "alone", file)
    saved = yaml.safe_load((tmp_path / "workers/card.json").read_text())
    assert saved["status"] == "done"
