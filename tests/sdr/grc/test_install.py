"""Descriptions of the blocks are whole, and lie where Companion looks."""

import pytest
import yaml

from commgen.sdr.grc.install import HERE, flowgraphs, install_grc, is_searched

BLOCKS = sorted(HERE.glob("*.block.yml"))
UNITS = ("_ns", "_m_s", "_ghz", "_hz", "_db", "_ppm", "sample_rate")


@pytest.mark.parametrize("path", BLOCKS, ids=lambda path: path.stem)
def test_a_description_names_itself_and_its_units(path):
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert path.name == f"{told['id']}.block.yml"
    assert told["category"] == "[commgen]"
    assert told["documentation"]
    for parameter in told.get("parameters", []):
        if parameter["id"].endswith(UNITS):
            assert "(" in parameter["label"], parameter["label"]
        assert "${" + parameter["id"] + "}" in told["templates"]["make"]


def test_everything_is_installed_where_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GRC_BLOCKS_PATH", raising=False)
    assert len(install_grc()) == len(BLOCKS) + len(flowgraphs()) == 10
    for path in BLOCKS:
        there = tmp_path / ".grc_gnuradio" / path.name
        assert there.read_text() == path.read_text()
    assert is_searched(tmp_path / ".grc_gnuradio")
    assert not is_searched(tmp_path / "mine")
    monkeypatch.setenv("GRC_BLOCKS_PATH", f"/nowhere:{tmp_path / 'mine'}")
    assert is_searched(tmp_path / "mine")
    install_grc(tmp_path / "mine")
    install_grc(tmp_path / "mine")  # a second time replaces it
    assert len(list((tmp_path / "mine").glob("*.block.yml"))) == len(BLOCKS)


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="file must be a folder"):
        install_grc(tmp_path / "file")
