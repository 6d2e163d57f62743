"""Compiled loops work where nothing can be written."""

import os
import subprocess
import sys
from pathlib import Path

import commgen

CODE = """
from numba.core.caching import CacheImpl
CacheImpl._locator_classes = []  # as where no folder can be written to
from commgen.coding.compiled import compiled

print(compiled(lambda x: x + 1)(2))
"""


def test_without_a_folder_for_the_cache():
    root = str(Path(commgen.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout == "3\n", run.stderr
