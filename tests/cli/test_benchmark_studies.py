"""Each study behind ``commgen benchmark`` at its smallest: what it writes can fail."""

import csv

import pytest

CURVE = ("nmse_db", "nmse_low_db", "nmse_high_db", "err_var_db", "num_channels")


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def values(rows, key, column="nmse_db", **where):
    """Return {key: column} of the rows where all is as named."""
    kept = [r for r in rows if all(r[k] == v for k, v in where.items())]
    return {r[key]: float(r[column]) for r in kept}


def fading(rows):
    assert [row["fd_t"] for row in rows] == ["0.01", "0.03", "0.05", "0.1"]
    for row in rows:
        assert float(row["truth_rms"]) < float(row["white_noise_rms"]) / 3


def noisy_training(rows):
    clean, noisy = (values(rows, "model", train_snr_db=x) for x in ("inf", "0"))
    assert set(clean) == set(noisy) == {"LMMSE", "Toeplitz GMM"}
    assert clean["LMMSE"] < -5
    assert clean["LMMSE"] < noisy["LMMSE"] + 0.3


def masked_posterior(rows):
    found = values(rows, "model")
    assert set(found) == {"lmmse", "gmm"}
    assert max(found.values()) < 0
    promised = values(rows, "model", "err_var_db")
    assert promised["gmm"] == pytest.approx(found["gmm"], abs=4)


def observations(rows):
    def errors(seen):
        return values(rows, "estimator", seen=seen)

    everything, half = errors("all antennas"), errors("half of them")
    assert everything["LS"] == pytest.approx(-10, abs=1)
    assert everything["GMM"] < half["GMM"] - 2
    assert errors("interference")["LMMSE"] < errors("interference")["LS"] - 5
    assert {"noise from 16", "slot 10", "1 bit"} <= {row["seen"] for row in rows}


def posterior_samplers(rows):
    found = values(rows, "estimator", case="y = h + n")
    assert found["LS"] == pytest.approx(-10, abs=1)
    assert found["gmm, mean"] < found["LS"]
    assert found["diffusion, 16 samples of 4"] < found["LS"] + 1
    half = values(rows, "estimator", case="32 of 64")
    assert found["gmm, mean"] < half["gmm, mean"] - 2
    promised = values(rows, "estimator", "err_var_db", case="y = h + n")
    assert promised["gmm, mean"] == pytest.approx(found["gmm, mean"], abs=2)


def angle_of_arrival(rows):
    kept = [row for row in rows if row["noise"] == "known"]
    for snr_db in ("0", "10"):
        rmse = values(kept, "estimator", "rmse_deg", snr_db=snr_db)
        exact = rmse["exact posterior"]
        assert rmse["CRB"] / 1.3 < exact < rmse["network"]
        assert rmse["network, refined"] == pytest.approx(exact, rel=0.1)


def receivers(rows):
    needed = values(rows, "estimator", "snr_at_db")
    assert set(needed) == {
        *("perfect", "ls", "lmmse", "lmmse untold", "lmmse x3", "network")
    }
    assert needed["perfect"] < needed["lmmse"] < needed["ls"]
    assert values(rows, "estimator", "gain_db")["lmmse"] == 0


def shifts(rows):
    assert {row["set"] for row in rows} == {"cdl-d", "rayleigh"}
    elsewhere = next(r for r in rows if r["set"] == "rayleigh" and r["snr_db"] == "20")
    assert float(elsewhere["guarded"]) < float(elsewhere["prior"])
    assert float(elsewhere["guarded_low"]) <= 0.02


def spatial_model(rows):
    for snr_db in ("0", "10"):
        found = values(rows, "estimator", snr_db=snr_db)
        assert found["genie"] < found["circulant GMM"] < found["LS"]
        promised = values(rows, "estimator", "err_var_db", snr_db=snr_db)
        assert promised["genie"] == pytest.approx(found["genie"], abs=1)


def tdl_grid(rows):
    for snr_db in ("0", "10"):
        found = values(rows, "estimator", snr_db=snr_db)
        assert found["slot, weights as drawn"] < found["LS + linear"] - 3
        promised = values(rows, "estimator", "err_var_db", snr_db=snr_db)
        for name in ("slot, weights as drawn", "slot, weights learned"):
            assert promised[name] == pytest.approx(found[name], abs=1.5)


def federated(rows):
    assert [row["model"] for row in rows] == ["federated", "start", "absent cells"]
    for row in rows:
        gap, nmse, central, low, high = (
            float(row[k])
            for k in ("gap_db", "nmse_db", "central_nmse_db", "low", "high")
        )
        assert gap == pytest.approx(nmse - central, abs=0.05)
        assert low <= gap <= high


def feedback(rows):
    found = values(rows, "codec", "nmse_db")
    assert found["mixture KLT, ideal codes"] < found["mixture KLT"] < found["KLT"]


# Check, columns of its table, and other files of its folder.
STUDIES = {
    "fading": (fading, ("fd_t", "drawn_rms"), ("fading.png", "autocorrelation.csv")),
    "federated": (
        federated,
        ("family", "model", "worst_gap_db"),
        ("cells.csv", "own.csv", "generated.csv", "federated.csv"),
    ),
    "feedback": (
        feedback,
        ("codec", "num_bits", "nmse_db", "low_db", "high_db", "beam_share"),
        ("umi64/rate.png",),
    ),
    "noisy-training": (noisy_training, ("model", "train_snr_db", "nmse_db"), ()),
    "masked-posterior": (masked_posterior, ("model", *CURVE, "cpu_ms"), ()),
    "observations": (
        observations,
        ("seen", "estimator", *CURVE, "cpu_ms"),
        ("looks.csv",),
    ),
    "posterior-samplers": (
        posterior_samplers,
        ("case", "estimator", "snr_db", *CURVE, "cpu_ms"),
        ("covariances.csv", "posterior-samplers.png"),
    ),
    "angle-of-arrival": (
        angle_of_arrival,
        ("snr_db", "noise", "estimator", "rmse_deg", "ratio", "coverage", "cpu_ms"),
        ("angle-of-arrival.png", "network.keras"),
    ),
    "receivers": (
        receivers,
        ("scenario", "measure", "target", "estimator", "baseline", "gain_db", "cpu_ms"),
        ("receivers.png", "network/model.keras", "OFDM-16-QAM/results.csv"),
    ),
    "shifts": (shifts, ("set", "snr_db", "lmmse", "prior", "guarded", "covered"), ()),
    "spatial-model": (
        spatial_model,
        ("estimator", "snr_db", *CURVE, "cpu_ms"),
        ("spatial-model.png", "LMMSE/model.keras"),
    ),
    "tdl-grid": (
        tdl_grid,
        ("estimator", "snr_db", *CURVE, "cpu_ms"),
        ("tdl-grid.png",),
    ),
}

# The table that is checked, where it is not that of the study's name.
TABLES = {"federated": "gap", "feedback": "umi64/feedback-of-umi-64"}


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_needs_nothing_to_be_looked_at(commgen, tmp_path, name):
    check, columns, files = STUDIES[name]
    folder = tmp_path / "study"
    result = commgen("benchmark", name, "--quick", "-o", folder)
    assert f"written to {folder}" in result.out
    rows = rows_of(folder / f"{TABLES.get(name, name)}.csv")
    assert set(columns) <= set(rows[0])
    check(rows)
    for file in files:
        assert (folder / file).stat().st_size > 0


@pytest.mark.slow
def test_a_study_that_is_done_is_found(commgen, tmp_path):
    command = ("benchmark", "tdl-grid", "--quick", "-o", tmp_path / "study")
    tables = []
    for _ in range(2):
        commgen(*command)
        tables.append((tmp_path / "study" / "tdl-grid.csv").read_bytes())
    assert tables[0] == tables[1]  # the CPU times, too


def test_a_folder_of_another_study_is_refused(refused, tmp_path):
    (tmp_path / "study.json").write_text('{"study": "tdl-grid"}')
    told = refused("benchmark", "fading", "-o", tmp_path)
    assert "holds a study of another configuration" in told


def test_models_that_are_missing_are_named(refused, tmp_path):
    (tmp_path / "m" / "gmm").mkdir(parents=True)
    (tmp_path / "m" / "gmm" / "model.keras").touch()
    given = ("-o", tmp_path / "s", "--models", tmp_path / "m")
    told = refused("benchmark", "observations", *given)
    assert "without lmmse; `commgen demo` makes it" in told
    told = refused("benchmark", "shifts", *given)
    assert "without umi64-train.h5, umi64-validation.h5" in told
    assert not (tmp_path / "s").exists()
