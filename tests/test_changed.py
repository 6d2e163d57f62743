"""What ``make check`` chooses to test."""

import subprocess
from types import SimpleNamespace

import changed
import pytest
from code_graph import ROOT, imports


def chosen(*names):
    """Return {file: reason} without the contracts, as names."""
    found = changed.choose([ROOT / name for name in names])
    assert set(changed.CONTRACTS) <= set(found)
    return {
        str(test.relative_to(ROOT)): reason
        for test, reason in found.items()
        if reason != "is a contract"
    }


def test_contracts_are_always_tested():
    contracts = {str(path.relative_to(ROOT)) for path in changed.CONTRACTS}
    assert contracts >= {"tests/generative/test_contract.py", "tests/test_imports.py"}
    assert chosen("README.md") == {}


def test_a_module_brings_its_folder_its_room_and_who_imports_it():
    found = chosen("commgen/generative/networks/fourier_denoiser.py")
    folder, user = "tests/generative/networks", "tests/generative/learned_filter"
    name = "commgen.generative.networks.fourier_denoiser"
    assert found[f"{folder}/test_denoisers.py"] == f"lies beside {name}"
    diffusion = "tests/generative/diffusion/test_diffusion.py"
    assert found[diffusion] == f"imports {name}"
    assert found[f"{user}/test_stationary.py"].endswith(f"which imports {name}")


def test_a_mixture_does_not_bring_all_that_use_one():
    found = chosen("commgen/generative/mixture/gmm.py")
    assert found["commgen/generative/mixture/gmm.py"] == "has examples"
    assert "tests/generative/mixture/test_gmm.py" in found
    assert "tests/phy/ofdm/test_link.py" not in found
    assert len(found) < len(changed.TESTS) / 4


def test_tests_fixtures_cards_and_tools():
    test = "tests/measures/test_error.py"
    assert chosen(test) == {test: "has changed"}
    found = chosen("tests/inference/parameters/conftest.py")
    assert "tests/inference/parameters/test_grid.py" in found
    assert all(name.startswith("tests/inference/parameters/") for name in found)
    assert "tests/datasets/test_catalogue.py" in chosen("datasets/README.md")
    assert chosen("tools/changed.py") == {"tests/test_changed.py": "runs changed.py"}


@pytest.fixture
def clone(tmp_path):
    def git(*arguments):
        identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        command = ("git", *identity, *arguments)
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    for name in ("kept", "edited", "deleted"):
        (tmp_path / name).write_text("1")
    (tmp_path / ".gitignore").write_text("ignored")
    git("init")
    git("add", ".")
    git("commit", "-m", "Begin")
    return tmp_path


def test_edited_and_new_files_have_changed(clone):
    assert changed.changed(clone) == []
    (clone / "edited").write_text("2")
    (clone / "deleted").unlink()
    (clone / "new").write_text("1")
    (clone / "ignored").write_text("1")
    assert changed.changed(clone) == [clone / "edited", clone / "new"]


@pytest.mark.parametrize(
    ("codes", "code"), [((0, 0), 0), ((0, 5), 0), ((0, 1), 1), ((1,), 1)]
)
def test_slow_tests_run_where_they_have_changed(monkeypatch, capsys, codes, code):
    slow = ROOT / "tests" / "test_changed.py"  # it names the mark.slow here
    calls, answers = [], iter(codes)

    def run(command, **options):
        calls.append(command)
        return SimpleNamespace(returncode=next(answers))

    monkeypatch.setattr(changed, "changed", lambda root: [slow])
    monkeypatch.setattr(subprocess, "run", run)
    assert changed.main(["-x"]) == code
    assert [call[4:7] for call in calls] == [
        ("-x", "-m", kind) for kind in ("not slow", "slow")[: len(codes)]
    ]
    assert calls[0][-1] == slow
    assert len(codes) == 1 or calls[1][7:] == (slow,)
    assert changed.main(["--list"]) == 0
    assert "tests/test_changed.py has changed\n" in capsys.readouterr().out


def test_relative_imports_are_refused(tmp_path):
    (tmp_path / "a.py").write_text("from . import b\n")
    with pytest.raises(ValueError, match=r"a\.py: relative import"):
        imports(tmp_path / "a.py")
