"""The benchmark of the estimators: train, recalibrate, judge, and lead astray."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.whole import atomic_folder
from commgen._random import complex_normal
from commgen.channels import RECIPES as CHANNELS, draw_channels
from commgen.generative import load_model
from commgen.inference import sweep_nmse
from commgen.inference.uncertainty import gaussian_radius
from commgen.measures import share_interval
from commgen.measures.decibel import noise_variance, to_db
from commgen.measures.error import nmse_interval
from commgen.phy import parse_config
from commgen.phy.estimation.slot.grid import staggered_mask, tdl_grid_estimator
from commgen.studies.angles import aoa_study
from commgen.studies.estimation.arrays import ESTIMATORS, ArrayStudies, Size
from commgen.studies.estimation.elsewhere import shift_rows
from commgen.studies.estimation.judge import LEVELS
from commgen.studies.estimation.limit import bayes_limit
from commgen.studies.estimation.shifts import shift_sets
from commgen.studies.estimation.tdl_grid import slot_options
from commgen.studies.receivers import receiver_study
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages, model_digests

Rows = list[dict[str, Any]]
GRID_SNR_DB = tuple(range(-10, 21, 5))
ANGLE_SNR_DB = (-10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0)
_LIMIT_SNR_DB = (-10.0, -5.0, 0.0)
_NUM_LIMIT_TEST = 600


@dataclass
class Findings:
    """Rows of the benchmark's tables, as far as it has come."""

    tables: dict[str, Rows] = field(default_factory=dict)
    best: dict[str, str] = field(default_factory=dict)
    limit: Rows = field(default_factory=list)
    angle: Rows = field(default_factory=list)
    link: Rows = field(default_factory=list)
    gains: Rows = field(default_factory=list)
    shifts: Rows = field(default_factory=list)


class EstimationBenchmark:
    """Runs the sets of the benchmark in one folder; each step is done once.

    Parameters
    ----------
    output
        Folder; models go to ``output/SET/ESTIMATOR``, and the best one-pass model of
        each set of arrays, recalibrated, to ``output/SET/best``.
    size
        How much.
    seed
        Seed of everything.
    """

    def __init__(self, output: Path, size: Size, *, seed: int):
        self.output, self.size, self.seed = output, size, seed
        self._stages = Stages(output / "stages")
        self._arrays = ArrayStudies(output, self._stages, size, seed=seed)
        self.found = Findings()

    def run(self, name: str) -> None:
        """Do one of :data:`SETS` or :data:`MEASURED`, and add it to ``found``."""
        found = self.found
        if name in ESTIMATORS:
            found.tables[name] = self._arrays.rows(name)
            found.best[name] = self._keep_best(name)
        if name == "umi64":
            found.limit = self._limit()
        elif name == "tdl-grid":
            found.tables[name] = self._grid()
        elif name == "angle":
            found.angle = self._angle()
        elif name == "pusch":
            found.link, found.gains = self._pusch()
        elif name == "shifts":
            found.shifts = self._shifts()

    def _keep_best(self, name: str) -> str:
        best = self._arrays.best(name)
        source = self.output / name / "calibrated" / best
        with atomic_folder(self.output / name / "best") as temporary:
            shutil.copytree(source, temporary, dirs_exist_ok=True)
        return best

    def _part(self, name: str) -> int:
        return part_seed(self.seed, f"estimation/{name}")

    def _limit(self) -> Rows:
        """Put the best estimator's error on the same channels and noise beside it."""
        config, seed = CHANNELS["umi64"], self._part("limit noise")
        h = self._arrays.set("umi64")[0].test.h[:_NUM_LIMIT_TEST]
        best, folder = self.found.best["umi64"], self.output / "umi64"

        def compute():
            others = draw_channels(
                config,
                self.size.num_limit,
                seed=self._part("limit channels"),
                return_covariance=True,
            )
            covariance = np.asarray(others.covariance)
            return bayes_limit(h, covariance, _LIMIT_SNR_DB, seed=seed, progress=True)

        def compare():
            model = load_model(folder / best)
            sweep = sweep_nmse(h, {best: model}, _LIMIT_SNR_DB, seed=seed)
            return sweep.column(best, "nmse_db").tolist()

        rows = self._stages.result("limit", [self.size.num_limit, self.seed], compute)
        beside = self._stages.result(
            "limit-beside", model_digests(folder, [best]), compare
        )
        return [
            {**row, f"{best}_db": value}
            for row, value in zip(rows, beside, strict=True)
        ]

    def _grid(self) -> Rows:
        def compute():
            size, config = self.size, CHANNELS["tdl-grid"]
            train, test = (
                draw_channels(config, num, seed=self._part(f"grid {part}")).h[:, 0, 0]
                for part, num in (
                    ("train", size.num_grid),
                    ("test", size.num_grid_test),
                )
            )
            mask = staggered_mask(train.shape[1:])
            estimator = tdl_grid_estimator(
                train,
                **slot_options(config, train.shape[1:], mask, self.seed),
            )
            lmmse = _masked_lmmse(train, mask)
            return _grid_rows(
                {"lmmse": lmmse, "slot": estimator.estimate},
                test,
                mask,
                seed=self._part("grid noise"),
            )

        size = self.size
        return self._stages.result(
            "grid", [size.num_grid, size.num_grid_test, self.seed], compute
        )

    def _angle(self) -> Rows:
        size = self.size

        def compute():
            return aoa_study(
                size.num_angles,
                ANGLE_SNR_DB,
                self._part("angle"),
                folder=self.output / "angle" / "network",
                num_chain_trials=size.num_chains,
                progress=True,
            )

        return self._stages.result(
            "angle", [size.num_angles, size.num_chains, self.seed], compute
        )

    def _pusch(self) -> tuple[Rows, Rows]:
        def compute():
            study = receiver_study(
                parse_config(_pusch_config(self.size.num_slots, self.seed)),
                self.output / "pusch",
                baselines={},
                progress=True,
            )
            return [study.rows, study.gains]

        rows, gains = self._stages.result(
            "pusch", [self.size.num_slots, self.seed], compute
        )
        return rows, gains

    def _shifts(self) -> Rows:
        folder = self.output / "umi64"
        best = self._arrays.best("umi64")

        def compute():
            data, _ = self._arrays.set("umi64")
            return shift_rows(
                shift_sets(self.size.num_shifted, self._part("shifts")),
                load_model(folder / best),
                density=load_model(folder / "gmm"),
                lmmse=load_model(folder / "lmmse"),
                validation=data.validation.h,
                seed=self._part("shift noise"),
                progress=True,
            )

        depends_on = [model_digests(folder, [best, "gmm"]), self.size.num_shifted]
        return self._stages.result("shifts", depends_on, compute)


def _masked_lmmse(train: np.ndarray, mask: np.ndarray) -> Any:
    """Return LMMSE of the whole grid from the entries of a mask, sample covariance."""
    h = train.reshape(len(train), -1)
    R = (h.T @ h.conj() / len(h)).astype(np.complex128)
    seen = np.flatnonzero(mask)

    def estimate(y, no):
        R_y = R[np.ix_(seen, seen)] + no * np.eye(len(seen))
        W = np.linalg.solve(R_y, R[seen]).conj().T
        err_var = np.real(np.diagonal(R) - np.einsum("ij,ji->i", W, R[seen]))
        shape = (len(y), *mask.shape)
        h_hat = (y @ W.T).reshape(shape)
        return h_hat, np.broadcast_to(err_var.reshape(mask.shape), shape)

    return estimate


def _grid_rows(
    estimators: dict[str, Any], h: np.ndarray, mask: np.ndarray, *, seed: int
) -> Rows:
    """Measure error, promise and coverage on whole slots seen through a mask."""
    rng = np.random.default_rng(seed)
    noise = complex_normal(rng, (len(h), int(mask.sum())))
    power = _total(np.abs(h) ** 2)
    rows = []
    for name, estimate in estimators.items():
        for snr_db in GRID_SNR_DB:
            no = noise_variance(snr_db)
            h_hat, err_var = estimate(h[:, mask] + np.float32(no**0.5) * noise, no)
            error = np.abs(h_hat - h) ** 2
            value, low, high = nmse_interval(_total(error), power)
            row = {
                "set": "tdl-grid",
                "estimator": name,
                "snr_db": float(snr_db),
                "nmse_db": to_db(value),
                "nmse_low_db": to_db(low),
                "nmse_high_db": to_db(high),
                "err_var_db": to_db(err_var.sum(dtype=np.float64) / power.sum()),
                "num_channels": len(h),
            }
            for level in LEVELS:
                kept = error <= gaussian_radius(level / 100) * err_var
                share = share_interval(kept.reshape(len(h), -1).mean(axis=1))
                ends = zip(("", "_low", "_high"), share, strict=True)
                row |= {f"coverage_{level}{end}": v for end, v in ends}
            rows.append(row)
    return rows


def _total(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1).sum(axis=1, dtype=np.float64)


def _pusch_config(num_slots: int, seed: int) -> dict[str, Any]:
    """Return A3-11 of TS 38.104 with two receive antennas, over TDLB100-400."""
    return {
        "seed": part_seed(seed, "estimation/pusch"),
        "channel": {
            "source": "3gpp",
            "scenario": "tdl",
            "model": "B100",
            "max_doppler_hz": 400.0,
            "num_rx_ant": 2,
        },
        "link": {"kind": "pusch", "reference_channel": "G-FR1-A3-11", "num_rx_ant": 2},
        "estimators": [
            {"kind": "perfect"},
            {"kind": "ls"},
            {"kind": "lmmse-interpolation", "name": "lmmse"},
            {"kind": "slot"},
            {
                "kind": "lmmse-interpolation",
                "name": "lmmse x3",
                "iterations": 3,
            },
        ],
        "sweep": {
            "snr_start_db": -8.0,
            "snr_stop_db": -2.0,
            "snr_step_db": 1.0,
            "batch_size": 64,
            "max_num_blocks": num_slots,
            "target_block_errors": num_slots,
            "target_bler": [0.1],
            "target_throughput": [0.7],
        },
    }
