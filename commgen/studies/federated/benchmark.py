"""How good a federation is: beside all channels in one place, and beside one cell's."""

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from commgen.studies.federated.cells import (
    Cell,
    drawn_cells,
    heterogeneity,
    office_places,
)
from commgen.studies.federated.families import FAMILIES
from commgen.studies.federated.networks import NetworkSize, NetworkStudy, family_tables
from commgen.studies.federated.office import office_rows
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows, save_tables

Tables = dict[str, Rows]
_NETWORK = NetworkSize()


@dataclass(frozen=True)
class SetSize:
    """Cells, their channels, and the families that learn them.

    Parameters
    ----------
    num_cells, num_absent
        Nodes, and cells that are judged but take no part.
    num_train, num_validation, num_test
        Channels of each. All sets are of the cells and channels of the largest.
    families
        To train.
    own, num_own
        Those of them that are also trained on one cell alone, and adapted to it, and
        for how many cells.
    network
        How much is trained.
    """

    num_cells: int = 20
    num_absent: int = 2
    num_train: int = 500
    num_validation: int = 100
    num_test: int = 300
    families: tuple[str, ...] = ("vae", "diffusion", "stationary")
    own: tuple[str, ...] = ("vae", "diffusion")
    num_own: int = 8
    network: NetworkSize = _NETWORK


_FEW = SetSize(
    num_train=60,
    num_absent=0,
    num_own=20,
    families=("vae", "diffusion"),
    network=NetworkSize(num_local_components=2, num_generated=0),
)
_GENERATED = SetSize(
    num_cells=8,
    num_absent=0,
    families=("wgan",),
    own=(),
    network=NetworkSize(num_server_epochs=20),
)


@dataclass(frozen=True)
class FederatedSize:
    """How much of the federated study.

    Parameters
    ----------
    many, few, generated
        The set for the gap to central training, that with few channels a cell, and
        that of families which cannot estimate, but are asked for channels.
    num_components
        Of the mixture of the office.
    measured
        Also the office, where COMMGEN_DATA has it.
    quick_office
        Every twentieth of its packets alone.
    """

    many: SetSize = SetSize()
    few: SetSize = _FEW
    generated: SetSize = _GENERATED
    num_components: int = 32
    measured: bool = True
    quick_office: bool = False


_QUICK_NETWORK = NetworkSize(
    num_rounds=2,
    num_components=2,
    num_local_components=1,
    num_draws=200,
    num_server_epochs=1,
    num_adapt_epochs=1,
    num_generated=50,
)
_QUICK_SET = SetSize(2, 1, 40, 20, 30, ("vae",), ("vae",), 1, _QUICK_NETWORK)
# The sets differ in size alone: one is enough to see all steps.
_NO_SET = replace(_QUICK_SET, families=())
#: All steps in seconds; the figures mean nothing.
QUICK = FederatedSize(_QUICK_SET, _NO_SET, _NO_SET, num_components=2, quick_office=True)


def federated_study(output: Path, size: FederatedSize, *, seed: int) -> Tables:
    """Train families over cells in rounds, together, and alone; adapt them.

    Parameters
    ----------
    output
        Folder of the tables, and of ``data`` and ``stages``, which are done once.
    size
        How much.
    seed
        Seed of everything.

    Returns
    -------
    dict
        Title to rows: how far cells lie apart, the gap to central training, each
        cell's own models, the office, generated channels, and what was asked.
    """
    study = _Study(output, size.many, seed)
    found = study.of_set("many", size.many)
    few = study.of_set("few", size.few)
    found["own"] += few["own"]
    found["generated"] += study.of_set("generated", size.generated)["generated"]
    if size.measured and "COMMGEN_DATA" in os.environ:
        found["office"] = study.office(size)
    found["federated"] = asked_rows(found)
    save_tables(output, found)
    return {_TITLES[name]: found[name] for name in _TITLES if found.get(name)}


_TITLES = {
    "cells": "how far cells lie apart: KL per entry at 10 dB [nats]",
    "gap": "behind central training, NMSE mean over -10 to 20 dB",
    "own": "each cell, by its own, the federated and the adapted model",
    "office": "the office: test days, intervals by visit",
    "generated": "accuracy of nearest neighbours, generated against test channels",
    "federated": "asked and measured",
}


class _Study:
    """Its parts, each done once in a folder."""

    def __init__(self, output: Path, largest: SetSize, seed: int):
        self._output, self._largest, self._seed = output, largest, seed
        self._stages = Stages(output / "stages")

    def of_set(self, name: str, size: SetSize) -> Tables:
        """Return the tables of all families on one set."""
        drawn = [cell.few(size.num_train) for cell in self._drawn()]
        cells, absent = drawn[: size.num_cells], drawn[size.num_cells :]
        absent = absent[: size.num_absent]
        tables: Tables = {"gap": [], "own": [], "generated": []}
        tables["cells"] = heterogeneity(
            cells, seed=part_seed(self._seed, "federated/split")
        )
        for family in size.families:
            for kind, rows in self._family(name, family, size, cells, absent).items():
                tables[kind] += rows
        return tables

    def _drawn(self) -> list[Cell]:
        largest = self._largest
        sizes = {
            "train": largest.num_train,
            "validation": largest.num_validation,
            "test": largest.num_test,
        }
        num_cells = largest.num_cells + largest.num_absent
        return drawn_cells(self._output / "data", num_cells, sizes, seed=self._seed)

    def _family(
        self,
        name: str,
        family: str,
        size: SetSize,
        cells: list[Cell],
        absent: list[Cell],
    ) -> Tables:
        def compute():
            study = NetworkStudy(
                FAMILIES[family], cells, absent, size.network, seed=self._seed
            )
            return family_tables(
                family, study, num_own=size.num_own if family in size.own else 0
            )

        settings = asdict(size)
        del settings["families"]
        depends_on = [self._seed, FAMILIES[family].rates, settings]
        return self._stages.result(f"{name}-{family}", depends_on, compute)

    def office(self, size: FederatedSize) -> Rows:
        """Return the table of the office."""

        def compute():
            places = office_places(self._output / "office", quick=size.quick_office)
            return office_rows(places, size.num_components, seed=self._seed)

        depends_on = [self._seed, size.num_components, size.quick_office]
        return self._stages.result("office", depends_on, compute)


def asked_rows(found: Tables) -> Rows:
    """Return what was asked of the federation, beside what was measured."""
    asked = Asked()
    for row in found["gap"]:
        if row["model"] == "federated":
            met = row["gap_db"] <= 0.1 and row["worst_gap_db"] <= 0.3
            measured = f"{row['gap_db']:.3f} / {row['worst_gap_db']:.3f} dB"
            asked(f"{row['family']}, all / worst cell", "0.1 / 0.3 dB", measured, met)
        elif row["model"] == "absent cells":
            worst = row["worst_gap_db"]
            what = f"{row['family']}, cells that took no part"
            asked(what, "0.3 dB", f"{worst:.3f} dB", worst <= 0.3)
    for family, num in sorted({(r["family"], r["num_train"]) for r in found["own"]}):
        rows = [
            r for r in found["own"] if (r["family"], r["num_train"]) == (family, num)
        ]
        gaps = np.array([row["gap_db"] for row in rows])
        measured = f"mean {gaps.mean():+.3f}, worst {gaps.max():+.3f} dB"
        few = num < 100
        met = gaps.max() <= (0.0 if few else 0.05) and (not few or gaps.mean() <= -0.1)
        rule = "mean <= -0.1 dB, no cell worse" if few else "no cell > 0.05 dB worse"
        asked(f"{family}, adapted to local, {num} a cell", rule, measured, bool(met))
    for row in found["generated"]:
        difference = abs(row["federated"] - row["central"])
        what = f"{row['family']}, nearest neighbours"
        asked(what, "within 0.02", f"{difference:.3f}", difference <= 0.02)
    if found.get("office"):
        least = min(row["gain_db"] for row in found["office"])
        asked("office, every place", "0.5 dB better", f"{least:.2f} dB", least >= 0.5)
    return asked.rows
