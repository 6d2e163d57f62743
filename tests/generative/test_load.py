"""Models that load where nobody imported their classes."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import commgen
from commgen.generative import GaussianMixture
from commgen.generative.names import MODULES

PACKAGE = Path(commgen.__file__).parent


def registered():
    """Return {name: module} of all classes registered with Keras, from the code."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(
                "register_keras_serializable" in ast.unparse(decorator)
                for decorator in node.decorator_list
            ):
                found[node.name] = module
    return found


def test_the_table_has_all_classes():
    assert registered() == MODULES


def test_each_class_is_registered_under_its_name():
    for name, module in MODULES.items():
        cls = getattr(importlib.import_module(module), name)
        assert cls.__module__ == module


def test_a_wrapped_prior_loads_in_a_fresh_process(channels, tmp_path):
    from commgen.inference.uncertainty import CalibratedPrior, GuardedPrior

    mixture = GaussianMixture((2, 6), 2).fit(channels, seed=1)
    CalibratedPrior(GuardedPrior(mixture)).save(tmp_path / "best")
    code = (
        "import sys; from commgen.generative import load_model\n"
        "assert not any(name.endswith('.calibrated') for name in sys.modules)\n"
        "print(type(load_model(sys.argv[1])).__name__)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "best"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "CalibratedPrior"
