"""GNU Radio is there, or one sentence says why not."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from commgen.sdr._gnuradio import gnuradio

SYSTEM = Path("/usr/lib/python3/dist-packages")
HERE = find_spec("gnuradio") is not None
BUILT_FOR_NUMPY_1 = SYSTEM / "gnuradio" / "gr" / "__init__.py"


@pytest.mark.skipif(HERE, reason="GNU Radio is installed for this Python")
def test_without_it_the_error_says_how_to_get_it():
    with pytest.raises(ModuleNotFoundError, match=r"GNU Radio is not .* make radio"):
        gnuradio("gr")


@pytest.mark.skipif(
    HERE or np.__version__ < "2" or not BUILT_FOR_NUMPY_1.exists(),
    reason="needs NumPy 2 here, and the system's GNU Radio, built for NumPy 1",
)
def test_numpy_2_under_a_gnuradio_for_numpy_1_is_one_sentence():
    """gnuradio#8120: it ends in _ARRAY_API not found, and a long traceback."""
    code = f"""
import sys
sys.path.append({str(SYSTEM)!r})
from commgen.sdr._gnuradio import gnuradio
try:
    gnuradio("gr")
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("this GNU Radio was built for NumPy 1 and does not")
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


@pytest.mark.gnuradio
@pytest.mark.timeout(60)
@pytest.mark.skipif(not HERE, reason="GNU Radio is not installed: make radio")
def test_parts_are_found_and_missing_ones_named():
    assert gnuradio("gr").top_block
    assert gnuradio("pmt").intern
    with pytest.raises(ModuleNotFoundError, match="has no part nonsense"):
        gnuradio("nonsense")
