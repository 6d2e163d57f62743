"""Rows of a run, through a log that cuts them anywhere."""

import numpy as np
import pytest

from commgen.federated.app.rows import rows, tell

ROWS = [{"round": 1, "loss": 0.1 + 0.2}, {"round": 2, "loss": None, "what": "é\n"}]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_rows_come_back(capsys, size):
    print("Start flwr-serverapp")
    for row in ROWS:
        tell(row)
    text = capsys.readouterr().out
    parts = [text[i : i + size] for i in range(0, len(text), size)]
    assert list(rows(parts)) == ROWS


def test_numbers_of_numpy_are_numbers(capsys):
    tell({"loss": np.float32(0.5)})
    assert list(rows([capsys.readouterr().out])) == [{"loss": 0.5}]
