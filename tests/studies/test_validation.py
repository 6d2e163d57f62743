"""The validation itself: its theory, its verdicts, and that they can fail."""

import csv
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from commgen.channels import ArrayConfig, CdlConfig, TdlConfig, build_channel
from commgen.measures.crossing import throughput_crossing
from commgen.studies.validation import (
    GROUPS,
    QUICK,
    run_validation,
    save_lines,
    summary,
    table,
)
from commgen.studies.validation.base_station import ESTIMATORS, base_station_lines
from commgen.studies.validation.capacity import coded_lines, ergodic_lines
from commgen.studies.validation.clusters import cluster_lines
from commgen.studies.validation.codes import (
    PUBLISHED,
    code_lines,
    decoder_lines,
    frame_errors,
    published_snr,
)
from commgen.studies.validation.fading import DOPPLER_HZ, fading_lines, spectrum_lines
from commgen.studies.validation.line import (
    at_least,
    at_most,
    equal,
    point_seed,
    scaled,
    skipped,
    within,
    worst,
)
from commgen.studies.validation.uncoded import bit_errors, uncoded_lines


def verdicts(lines):
    return [line.verdict for line in lines]


# Verdicts


def test_equal_needs_the_reference_and_a_narrow_interval():
    def verdict(measured, **options):
        return equal("g", "n", measured, 1.0, tolerance=0.1, **options).verdict

    assert verdict((1.02, 0.97, 1.07)) == "pass"
    assert verdict((1.06, 1.01, 1.11)) == "fail"
    assert verdict((1.06, 1.01, 1.11), allowance=0.02) == "pass"
    assert verdict((1.0, 0.8, 1.2)) == "fail"
    assert verdict((np.nan, np.nan, np.nan)) == "fail"
    line = equal("g", "n", (1.0, 0.8, 1.2), 1.0, tolerance=0.1, note="why")
    assert line.note == "why; interval wider than +-0.1"


def test_bounds_and_windows():
    assert at_most("g", "n", (1.1, 0.9, 1.3), 1.0).verdict == "pass"
    assert at_most("g", "n", (1.1, 1.05, 1.15), 1.0).verdict == "fail"
    assert at_least("g", "n", (0.9, 0.7, 1.1), 1.0).verdict == "pass"
    assert at_least("g", "n", (0.9, 0.85, 0.95), 1.0).verdict == "fail"
    assert at_least("g", "n", (np.nan, np.nan, np.nan), 1.0).verdict == "fail"

    def verdict(measured):
        line = within("g", "n", measured, (0, 2), reference=0.0, tolerance=0.5)
        return line.verdict

    assert verdict((1.0, 0.8, 1.2)) == "pass"
    assert verdict((2.1, 1.9, 2.3)) == "fail"
    assert verdict((1.0, 0.0, 2.0)) == "fail"
    assert skipped("g", "n", "no").verdict == "skipped"


def test_worst_shows_the_farthest_of_many():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4000, 30))
    names = [f"number {i}" for i in range(30)]
    line = worst("g", "mean", x, np.zeros(30), names, tolerance=0.1)
    assert line.verdict == "pass"
    assert "(worst of 30)" in line.name
    x[:, 7] += 0.15
    line = worst("g", "mean", x, np.zeros(30), names, tolerance=0.1)
    assert (line.verdict, "number 7" in line.name) == ("fail", True)
    x[:, 7] -= 0.15
    x[:, 3] *= 9  # says nothing of its mean
    line = worst("g", "mean", x, np.zeros(30), names, tolerance=0.1)
    assert line.verdict == "fail"


def test_scaled_intervals_and_seeds():
    assert scaled((1.0, 0.0, 2.0), np.exp)[2] == pytest.approx(np.exp(2))
    assert point_seed(1, 2) != point_seed(1, 3)


def test_throughput_crossing_inverts_a_line():
    delivered = np.array([[1, 1, 0, 0], [1, 1, 1, 0]])
    sent = np.array([[1, 1, 1, 1], [1, 1, 1, 1]])
    found = throughput_crossing([0.0, 1.0], delivered, sent, 0.7)
    assert found.snr_db == pytest.approx(0.8)


def test_published_curves_are_interpolated():
    place, half = published_snr(PUBLISHED[512, 1024], 101 / 1621)
    assert place == pytest.approx(1.5)
    assert 0 < half < 0.1


# Wrong simulators


@pytest.mark.parametrize("offset_db", [-0.5, 0.5])
def test_half_a_decibel_of_noise_fails_the_uncoded_group(offset_db):
    def simulate(num_bits, snr_db, branches, count, seed):
        return bit_errors(num_bits, snr_db + offset_db, branches, count, seed)

    size = replace(QUICK, branches=(1,))
    assert verdicts(uncoded_lines(size, 4, seed=1)) == ["pass", "pass"]
    lines = uncoded_lines(size, 4, seed=1, simulate=simulate)
    assert lines[0].verdict == "fail"


@pytest.mark.parametrize("offset_db", [-0.5, 0.5])
def test_half_a_decibel_of_noise_fails_the_code_group(offset_db):
    def simulate(k, n, ebn0_db, num_frames, seed):
        return frame_errors(k, n, np.asarray(ebn0_db) + offset_db, num_frames, seed)

    # A wider grid would be needed to read the SNR; without it there is none to read.
    lines = code_lines(QUICK, 512, 1024, seed=1, simulate=simulate)
    assert lines[0].verdict == "fail"
    paired = decoder_lines(
        QUICK, 512, 1024, seed=1, simulate=simulate, reference=frame_errors
    )
    assert verdicts(paired) == ["fail"]
    same = decoder_lines(QUICK, 512, 1024, seed=1, reference=frame_errors)
    assert (same[0].measured, same[0].verdict) == (0.0, "pass")


class Louder:
    """A source whose power is 30 % too large."""

    def __init__(self, source):
        self._source = source

    def start(self, batch_size):
        process = self._source.start(batch_size)
        gain = np.float32(1.3**0.5)
        return SimpleNamespace(
            coefficients=lambda times: gain * process.coefficients(times),
            frequency_response=lambda *grid: gain * process.frequency_response(*grid),
            tau=process.tau,
        )


def tdl(**options):
    config = {"model": "A", "num_rx_ant": 2, "max_doppler_hz": DOPPLER_HZ}
    return build_channel(TdlConfig.model_validate(config | options), seed=5)


def failed(lines):
    return {
        line.name.split(": ")[1].split(",")[0]
        for line in lines
        if line.verdict == "fail"
    }


def test_wrong_taps_fail_the_channel_group():
    size = replace(QUICK, channels=4000)
    right = fading_lines(size, "A", seed=1, source=tdl(delay_spread_s=100e-9))
    assert failed(right) == set()
    louder = Louder(tdl(delay_spread_s=100e-9))
    assert {"mean power", "distance of |h| from the Rayleigh law (KS)"} <= failed(
        fading_lines(size, "A", seed=1, source=louder)
    )
    longer = fading_lines(size, "A", seed=1, source=tdl(delay_spread_s=110e-9))
    assert {
        "largest error of a delay over the delay spread",
        "correlation over frequency",
    } <= failed(longer)
    faster = tdl(delay_spread_s=100e-9, max_doppler_hz=1.3 * DOPPLER_HZ)
    assert failed(fading_lines(size, "A", seed=1, source=faster)) == {
        "correlation over time"
    }
    assert verdicts(spectrum_lines(size, "A", seed=1, source=faster)) == [
        "fail",
        "fail",
    ]


def test_other_antennas_fail_the_cluster_group():
    array = ArrayConfig(columns=8, horizontal_spacing_wavelengths=0.6)
    config = CdlConfig(
        model=("A",), delay_spread_s=100e-9, direction="uplink", bs_array=array
    )
    lines = cluster_lines(QUICK, "A", seed=1, source=build_channel(config, seed=1))
    assert failed(lines) == {"correlation of two antennas"}


def test_more_than_capacity_fails_the_capacity_group():
    def nothing_wrong(num_bits, k, snr_db, num_frames, seed):
        return np.zeros((len(snr_db), num_frames), bool)

    lines = coded_lines(QUICK, 2, 1280, seed=1, simulate=nothing_wrong)
    assert verdicts(lines) == ["fail", "fail"]

    def all_wrong(num_bits, k, snr_db, num_frames, seed):
        return np.ones((len(snr_db), num_frames), bool)

    assert coded_lines(QUICK, 2, 1280, seed=1, simulate=all_wrong)[0].verdict == "fail"

    def louder(config, *, seed):
        source = build_channel(config, seed=seed)
        return SimpleNamespace(
            frequency_response=lambda *grid: 1.5 * source.frequency_response(*grid)
        )

    assert "fail" in verdicts(ergodic_lines(QUICK, seed=1, make_source=louder))


def receiver(needed_db):
    """A link whose throughput is 70 % where each estimator needs it to be."""

    def run(batch, wanted):
        u = np.random.default_rng(batch).random(50)
        result = {}
        for point, estimators in wanted.items():
            for e in estimators:
                share = np.clip(0.7 + 0.2 * (point / 2 - needed_db[e]), 0, 1)
                result[e, point] = (u < share).astype(int), np.ones(50, int)
        return result

    return run


@pytest.mark.parametrize(
    ("needed_db", "expected"),
    [
        ((7.0, 7.3, 8.0), ["pass"] * 5),
        ((9.0, 9.5, 10.0), ["fail", "pass", "pass", "pass", "pass"]),
        ((3.0, 7.0, 8.0), ["pass", "fail", "pass", "pass", "pass"]),
        ((7.5, 7.0, 7.2), ["pass", "pass", "fail", "fail", "pass"]),
    ],
)
def test_the_base_station_group_reads_the_snr_that_is_there(needed_db, expected):
    """The requirement of A4-11 with 2 antennas is 10.2 dB: 6.2 to 9.2 dB are asked."""
    needed = dict(zip(ESTIMATORS, needed_db, strict=True))
    size = replace(QUICK, processes=2000, snr_tolerance_db=0.3)
    lines = base_station_lines(size, "G-FR1-A4-11", 2, seed=1, run=receiver(needed))
    assert verdicts(lines) == expected
    assert lines[0].measured == pytest.approx(needed["lmmse"], abs=0.25)
    assert lines[3].measured == pytest.approx(
        needed["lmmse"] - needed["perfect"], abs=0.2
    )


def test_a_receiver_that_never_gets_there_fails():
    needed = dict.fromkeys(ESTIMATORS, 90.0)
    lines = base_station_lines(QUICK, "G-FR1-A4-11", 2, seed=1, run=receiver(needed))
    assert verdicts(lines) == ["fail"] * 5


def test_a_row_without_requirement_is_skipped():
    assert verdicts(base_station_lines(QUICK, "G-FR1-A3-22", 2, seed=1)) == ["skipped"]


# The whole


@pytest.mark.slow
def test_a_quick_validation_passes_and_goes_on(tmp_path, monkeypatch):
    run = "commgen.studies.validation.run"
    monkeypatch.setattr(f"{run}.code_digest", lambda: "this version")
    lines = run_validation(tmp_path, quick=True, progress=False)
    assert summary(lines)["fail"] == 0, [row for row in table(lines) if row["note"]]
    assert summary(lines)["pass"] == len(lines) > 60
    with (tmp_path / "validation.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(lines)
    assert set(rows[0]) >= {"measured", "reference", "low", "high", "verdict", "note"}
    assert (tmp_path / "validation.png").stat().st_size > 10_000
    # A check that is done is not done again.
    monkeypatch.setattr(f"{run}._as_json", lambda check: 1 / 0)
    assert run_validation(tmp_path, quick=True, progress=False) == lines
    part = run_validation(tmp_path, quick=True, only=["capacity"], progress=False)
    assert {line.group for line in part} == {"capacity"}
    with pytest.raises(ZeroDivisionError):
        run_validation(tmp_path, quick=True, only=["ldpc"], seed=2, progress=False)


@pytest.mark.parametrize("only", [["antennas"], []])
def test_unknown_groups_are_refused(tmp_path, only):
    message = (
        f"only must name groups of {', '.join(GROUPS)}, got {''.join(only) or 'none'}"
    )
    with pytest.raises(ValueError, match=message):
        run_validation(tmp_path, only=only, progress=False)


def test_reports_show_what_did_not_pass(tmp_path):
    lines = [
        equal("a", "right", (1.0, 0.9, 1.1), 1.0, tolerance=0.2, note="source"),
        equal(
            "a",
            "x" * 100,
            (2.0, 1.9, 2.1),
            1.0,
            tolerance=0.2,
            unit="dB",
            note="source",
        ),
        skipped("b", "left out", "takes long"),
    ]
    rows = table(lines)
    assert [row["note"] for row in rows] == [
        "",
        "source; reference outside the interval",
        "takes long",
    ]
    assert rows[2]["measured"] == "-"
    assert summary(lines) == {"pass": 1, "fail": 1, "skipped": 1}
    save_lines(tmp_path, lines)
    save_lines(tmp_path / "nothing", lines[2:])
    assert (tmp_path / "validation.png").is_file()
    assert not (tmp_path / "nothing" / "validation.png").exists()
