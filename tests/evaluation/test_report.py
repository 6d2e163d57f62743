import numpy as np
import pytest

from commgen.evaluation import (
    FLOOR,
    GAUSSIAN,
    GaussianReference,
    evaluate_channels,
    save_report_figure,
    score_set,
    verdict,
)

LAYOUT = ("rx",)


@pytest.fixture(scope="module")
def sets(one_path):
    return {"train": one_path(400, 1), "truth": one_path(200, 2)}


@pytest.fixture(scope="module")
def report(one_path, sets):
    drawn = GaussianReference(sets["train"])
    copies = sets["train"][:200] * np.exp(1j * np.arange(200))[:, None] + 1e-3
    return evaluate_channels(
        sets["truth"],
        {
            "same": one_path(200, 3),
            "covariance": drawn.sample(200, seed=9),
            "mixed": np.concatenate([one_path(120, 4), drawn.sample(80, seed=5)]),
            "copies": copies,
        },
        layout=LAYOUT,
        seed=0,
        train=sets["train"],
        floor=one_path(200, 6),
        models={"covariance": drawn},
    )


def test_the_words_say_what_each_candidate_is(report):
    said = {row["source"]: row["verdict"] for row in report.rows}
    assert said == {
        FLOOR: "not told from the truth",
        GAUSSIAN: "no better than a Gaussian",
        "same": "not told from the truth",
        "covariance": "no better than a Gaussian",
        "mixed": "better than a Gaussian, but told from the truth",
        "copies": "copies its training set",
    }


def test_a_gaussian_of_the_right_covariance_fails(report):
    row, floor = report.row(GAUSSIAN), report.row(FLOOR)
    assert row["classifier_accuracy_low"] > 0.9
    assert row["ks_effective_rank"] > 0.6
    assert floor["ks_effective_rank"] < 0.2
    assert floor["nn_accuracy_low"] < 0.5 < floor["nn_accuracy_high"]


def test_likelihood_is_there_where_it_is_exact(report, sets):
    expected = GaussianReference(sets["train"]).log_prob(sets["truth"]).mean()
    assert report.row("covariance")["log_likelihood"] == pytest.approx(expected)
    assert report.row(GAUSSIAN)["log_likelihood"] == pytest.approx(expected)
    assert "log_likelihood" not in report.row("same")


def test_rows_are_scores(report, sets, one_path):
    alone = score_set(
        sets["truth"], one_path(200, 3), layout=LAYOUT, seed=0, train=sets["train"]
    )
    row = report.row("same")
    assert alone == {name: row[name] for name in alone}
    assert report.notes[0].startswith("truth again: an independent draw of 200")
    assert "training channels" in report.notes[1]
    with pytest.raises(KeyError):
        report.row("none")


def test_without_floor_and_train_halves_and_the_truth_serve(one_path):
    report = evaluate_channels(
        one_path(200, 1),
        {"same": one_path(150, 2)},
        layout=LAYOUT,
        seed=0,
        groups=np.repeat(np.arange(100), 2),
    )
    assert "one half of the truth against the other" in report.notes[0]
    assert "the truth itself" in report.notes[1]
    assert report.row(FLOOR)["num_samples"] == 100
    assert report.row("same")["num_samples"] == 150
    assert "memorised_share" not in report.row("same")


def test_a_gaussian_truth_cannot_judge(gaussian):
    report = evaluate_channels(
        gaussian(200, 1),
        {"same": gaussian(200, 2)},
        layout=LAYOUT,
        seed=0,
        floor=gaussian(200, 3),
    )
    assert report.row("same")["verdict"].startswith("cannot be judged")


def test_time_brings_an_autocorrelation(gaussian, tmp_path):
    held = np.repeat(gaussian(100, 1, (4, 1)), 6, axis=2)
    report = evaluate_channels(
        held, {"white": gaussian(100, 2, (4, 6))}, layout=("rx", "time"), seed=0
    )
    np.testing.assert_allclose(report.autocorrelations["truth"], 1, atol=1e-5)
    assert report.row("white")["autocorrelation_error"] > 0.8
    assert report.row(FLOOR)["autocorrelation_error"] < 1e-5
    save_report_figure(tmp_path / "a" / "time.png", report)
    assert (tmp_path / "a" / "time.png").stat().st_size > 10_000


def test_the_picture_is_drawn(report, tmp_path):
    save_report_figure(tmp_path / "report.png", report, "title")
    assert (tmp_path / "report.png").read_bytes()[:4] == b"\x89PNG"
    assert [path.name for path in tmp_path.iterdir()] == ["report.png"]


def test_a_seed_decides_everything(one_path):
    a, b = one_path(60, 1), one_path(80, 2)
    first = score_set(a, b, layout=LAYOUT, seed=4)
    assert first == score_set(a, b, layout=LAYOUT, seed=4)
    assert first != score_set(a, b, layout=LAYOUT, seed=5)


@pytest.mark.parametrize("name", ["truth", FLOOR, GAUSSIAN])
def test_names_of_references_are_refused(sets, name):
    with pytest.raises(ValueError, match="candidates must have names of their own"):
        evaluate_channels(sets["truth"], {name: sets["train"]}, layout=LAYOUT, seed=0)


def test_reports_refuse(sets, gaussian):
    truth, train = sets["truth"], sets["train"]
    with pytest.raises(ValueError, match="candidates must hold at least one set"):
        evaluate_channels(truth, {}, layout=LAYOUT, seed=0)
    with pytest.raises(ValueError, match="b must hold channels of the shape"):
        evaluate_channels(truth, {"b": gaussian(30, 1, (3,))}, layout=LAYOUT, seed=0)
    with pytest.raises(ValueError, match="models must be of the candidates"):
        evaluate_channels(
            truth, {"b": train}, layout=LAYOUT, seed=0, models={"c": None}
        )
    with pytest.raises(ValueError, match="train must have a mean power"):
        evaluate_channels(
            truth, {"b": train}, layout=LAYOUT, seed=0, train=1e-6 * train
        )
    with pytest.raises(ValueError, match="groups must be at least two to halve"):
        evaluate_channels(
            truth, {"b": train}, layout=LAYOUT, seed=0, groups=np.zeros(200)
        )
    with pytest.raises(ValueError, match="max_samples must be at least 20, got 5"):
        score_set(truth, train, layout=LAYOUT, seed=0, max_samples=5)


def interval(nearest, trained, width=0.02):
    row = {}
    for test, value in (("nn_accuracy", nearest), ("classifier_accuracy", trained)):
        row |= {
            test: value,
            f"{test}_low": value - width,
            f"{test}_high": value + width,
        }
    return row


@pytest.mark.parametrize(
    ("ratio", "share", "copied"),
    [(1.0, 0.01, False), (0.7, 0.04, False), (0.97, 0.1, True), (0.3, 0.01, True)],
)
def test_copies_show_in_the_median_or_in_the_share(ratio, share, copied):
    floor = interval(0.5, 0.5) | {"memorisation_ratio": 1.0, "memorised_share": 0.01}
    row = floor | {"memorisation_ratio": ratio, "memorised_share": share}
    said = verdict(row, floor=floor, gaussian=interval(0.7, 0.98))
    assert (said == "copies its training set") == copied


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (interval(0.50, 0.50), "not told"),
        (interval(0.53, 0.50), "not told"),
        (interval(0.60, 0.99), "better"),
        (interval(0.60, 0.50), "better"),
        (interval(0.69, 0.99), "no better"),
        (interval(0.80, 0.50), "no better"),
        (interval(0.10, 0.99), "no better"),
    ],
)
def test_verdicts_follow_the_intervals(row, expected):
    floor, gaussian = interval(0.5, 0.5), interval(0.7, 0.98)
    assert verdict(row, floor=floor, gaussian=gaussian).startswith(expected)
