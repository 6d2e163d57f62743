"""Comparisons that a command repeats: benchmark, few-shot, augmentation, inpainting."""

from commgen.studies.augmentation import augmentation_study, summarise
from commgen.studies.benchmark import (
    QUICK,
    Benchmark,
    BenchmarkSize,
    Findings,
    known_families,
)
from commgen.studies.few_shot import few_shot_gain_db, few_shot_study
from commgen.studies.report import asked_rows, save_findings, write_csv
from commgen.studies.sampling import sampling_cost
from commgen.studies.sets import StudySet, polyu_set, umi64_set, uwb_set
from commgen.studies.super_resolution import super_resolution_study

__all__ = [
    "QUICK",
    "Benchmark",
    "BenchmarkSize",
    "Findings",
    "StudySet",
    "asked_rows",
    "augmentation_study",
    "few_shot_gain_db",
    "few_shot_study",
    "known_families",
    "polyu_set",
    "sampling_cost",
    "save_findings",
    "summarise",
    "super_resolution_study",
    "umi64_set",
    "uwb_set",
    "write_csv",
]
