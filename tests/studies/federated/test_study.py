"""What the federated study was asked, beside what it measured."""

from commgen.studies.federated.benchmark import asked_rows


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
