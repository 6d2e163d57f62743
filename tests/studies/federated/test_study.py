"""The federated study from its channels to its tables, at its smallest size."""

from dataclasses import replace

import pytest

from commgen.studies.federated.benchmark import QUICK, asked_rows, federated_study


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_quick_study_has_all_tables_and_goes_on_where_it_was(tmp_path):
    none = replace(QUICK.few, families=())
    size = replace(QUICK, measured=False, few=none, generated=none)
    tables = federated_study(tmp_path, size, seed=3)
    names = {path.stem for path in tmp_path.glob("*.csv")}
    assert names == {"cells", "gap", "own", "generated", "federated"}
    assert len(tables) == len(names)
    gap = next(rows for title, rows in tables.items() if "behind" in title)
    assert [row["model"] for row in gap] == ["federated", "start", "absent cells"]
    for row in gap:
        assert row["gap_db"] == pytest.approx(
            row["nmse_db"] - row["central_nmse_db"], abs=0.05
        )
        assert row["low"] <= row["gap_db"] <= row["high"]
    assert federated_study(tmp_path, size, seed=3) == tables


def test_asked_rows_tell_what_is_met():
    gap = {"family": "vae", "model": "federated", "gap_db": 0.05}
    own = {"family": "vae", "cell": "c", "num_train": 500}
    few = {"family": "vae", "cell": "c", "num_train": 60}
    rows = asked_rows(
        {
            "gap": [{**gap, "worst_gap_db": 0.2}, {**gap, "worst_gap_db": 0.4}],
            "own": [{**own, "gap_db": 0.04}, {**few, "gap_db": -0.05}],
            "generated": [{"family": "vae", "federated": 0.6, "central": 0.63}],
            "office": [{"gain_db": 0.7}, {"gain_db": 0.4}],
        }
    )
    met = {row["what"] + row["measured"]: row["met"] for row in rows}
    assert list(met.values()) == [True, False, False, True, False, False]
