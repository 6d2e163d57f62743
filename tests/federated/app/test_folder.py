"""The folder that ``flwr run`` takes, as Flower itself reads it."""

import pytest

pytest.importorskip("flwr")

from commgen.federated.app.folder import write_app


# Flower's own, with a new pathspec.
@pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")
def test_flower_accepts_it_and_finds_what_it_names(tmp_path, monkeypatch):
    import commgen.federated.flower  # noqa: F401 (before flwr)

    # isort: split
    from flwr.cli.build import build_fab_from_disk
    from flwr.cli.config_utils import get_fab_metadata, load_and_validate

    monkeypatch.chdir(tmp_path)
    name = 'a "federation" of\tcells.yaml'
    folder = write_app(tmp_path / "app", name, "runs/é")
    config, warnings = load_and_validate(folder / "pyproject.toml")
    assert not warnings
    flower = config["tool"]["flwr"]["app"]
    assert flower["config"] == {
        "federation": str(tmp_path / name),
        "output": str(tmp_path / "runs/é"),
    }
    assert get_fab_metadata(build_fab_from_disk(folder))[0] == (
        "commgen/commgen-federated"
    )


def test_it_is_written_again_and_never_over_something_else(tmp_path):
    write_app(tmp_path / "app", "f.yaml", "runs/f")
    write_app(tmp_path / "app", "g.yaml", "runs/f")
    assert "g.yaml" in (tmp_path / "app" / "pyproject.toml").read_text()
    with pytest.raises(ValueError, match="is not empty and holds no Flower app"):
        write_app(tmp_path, "f.yaml", "runs/f")
