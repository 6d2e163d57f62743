"""Linear algebra keeps to one thread where a receiver runs."""

import subprocess
import sys

import pytest

CODE = """
import threading, time
import numpy as np
from commgen.sdr._threads import _openblas, one_thread
found = one_thread()
a = np.ones((600, 600), np.float32)
wall, cpu = time.perf_counter(), time.process_time()
for _ in range(60):
    a @ a
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(found, len(_openblas()), cpu / wall)
"""


def test_one_thread_takes_no_more_than_one_core():
    """Without it, two cores that are idle give a ratio near 2."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60
    )
    found, loaded, ratio = map(float, done.stdout.split())
    if not loaded:
        pytest.skip("this NumPy has no OpenBLAS")
    assert found >= 1
    assert ratio < 1.15
