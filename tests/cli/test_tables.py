"""Tables on the screen: intervals behind their values, estimators over SNR."""

import pytest
from rich.console import Console

from commgen.cli._study import numbers
from commgen.cli._tables import estimator_table, interval_table


def lines(table):
    console = Console(width=120)
    with console.capture() as captured:
        console.print(table)
    return [" ".join(line.split()) for line in captured.get().splitlines()]


def test_ends_stand_behind_their_value_whatever_the_unit():
    rows = [
        {"name": "a", "nmse_db": -1.0, "nmse_low_db": -1.5, "nmse_high_db": -0.5},
        {"name": "b", "ratio": 1.02, "ratio_low": 1.0, "ratio_high": 1.05},
        {"name": "c", "nmse_db": float("nan"), "nmse_low_db": 0.0},
    ]
    printed = lines(interval_table("t", rows))
    assert "name nmse db ratio" in printed
    assert "a -1.00 (-1.50 to -0.50) -" in printed
    assert "b - 1.02 (1.00 to 1.05)" in printed
    assert "c - -" in printed


def test_estimators_stand_over_snr_with_their_worst_promise():
    def row(name, snr_db, nmse_db, **more):
        return {"estimator": name, "snr_db": snr_db, "nmse_db": nmse_db, **more}

    rows = [
        row("a", 0.0, -1.0, err_var_db=-1.1, cpu_ms=0.5),
        row("a", 10.0, -9.0, err_var_db=-8.5),
        row("b", 0.0, -2.0, err_var_db=float("nan")),
    ]
    printed = lines(estimator_table("t", rows, promised=True))
    assert "estimator 0 dB 10 dB promise off ms" in printed
    assert "a -1.00 -9.00 +0.50 0.500" in printed
    assert "b -2.00 - - -" in printed


def test_numbers_are_read():
    assert numbers("snr_db", "0,10") == (0.0, 10.0)
    assert numbers("snr_db", None) is None
    for text in ("0,", "nan", ""):
        with pytest.raises(ValueError, match="snr_db must be numbers"):
            numbers("snr_db", text)
