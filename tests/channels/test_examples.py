"""The examples run as a user would run them, and their links work."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["recorded_channel.py", "generated_channel.py"])
def test_example(name):
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert result.returncode == 0, result.stderr
    found = re.fullmatch(r"BER (0\.\d+)\n", result.stdout)
    assert found
    assert 0 < float(found[1]) < 0.15
