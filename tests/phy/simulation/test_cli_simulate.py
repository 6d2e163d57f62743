import functools
import subprocess
import sys

import pytest
import yaml

from commgen.cli.simulate import simulate
from commgen.phy import EXAMPLE_YAML, parse_config, run_simulation


def test_example_is_printed_without_tensorflow():
    code = (
        "import sys; from commgen.cli.simulate import simulate; "
        "simulate(example=True); assert 'tensorflow' not in sys.modules"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == EXAMPLE_YAML
    assert len(parse_config(yaml.safe_load(run.stdout)).estimators) == 4


def test_simulate_needs_a_configuration_and_an_output(tmp_path):
    with pytest.raises(ValueError, match=r"needs CONFIG\.yaml and --output DIR"):
        simulate(config=tmp_path / "c.yaml")
    with pytest.raises(FileNotFoundError):
        simulate(config=tmp_path / "c.yaml", output=tmp_path / "run")


def test_simulate_shows_a_table(base, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "commgen.phy.run_simulation",
        functools.partial(run_simulation, jit_compile=False),
    )
    base["estimators"] = [{"kind": "ls"}]
    base["sweep"].update(snr_start_db=0, snr_stop_db=0, max_num_blocks=32)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(base))
    simulate(config=tmp_path / "c.yaml", output=tmp_path / "run")
    assert "written to" in capsys.readouterr().out
    simulate(config=tmp_path / "c.yaml", output=tmp_path / "run")
    out = capsys.readouterr().out
    assert "already done" in out
    assert "ls" in out
    assert "BLER" in out
