"""The table of families against what lies beside their classes."""

import ast
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

import commgen
from commgen.generative.names import NETWORKS, Family
from commgen.generative.recipes import build_network, network_family

PACKAGE = Path(commgen.__file__).parent / "generative"


def test_every_name_of_a_family_is_learned():
    assert set(get_args(Family)) == {"lmmse", "gmm", *NETWORKS}


def test_the_table_has_all_families():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = [ast.unparse(n.targets[0]) for n in tree.body if type(n) is ast.Assign]
        if "FAMILIES" in named:
            parts = path.relative_to(PACKAGE.parents[1]).with_suffix("").parts
            module = import_module(".".join(parts))
            found |= {(name, module.__name__) for name in module.FAMILIES}
    assert found == set(NETWORKS.items())


@pytest.mark.parametrize("name", NETWORKS)
def test_conditions_are_taken_or_refused(name):
    if network_family(name).takes_conditions:
        assert build_network(name, (8,), 2).num_conditions == 2
    else:
        with pytest.raises(ValueError, match=f"must be None for {name}, got 2 cond"):
            build_network(name, (8,), 2)
