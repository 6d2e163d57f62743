import numpy as np
import pytest
import yaml

from commgen.datasets import catalogue, data_root, locate, open_set, read_card
from commgen.datasets.catalogue import IMPORTERS, arrays_sha256, check_file

SETS = [
    "adsb_modes1",
    "fivegophers",
    "fm_rtl_power",
    "lte_iq",
    "openofdm_wifi_iq",
    "uwb_apartment_cir",
    "wifi_polyu_mimo",
]


@pytest.fixture
def no_data(monkeypatch):
    monkeypatch.delenv("COMMGEN_DATA", raising=False)


@pytest.fixture
def root(monkeypatch, tmp_path):
    monkeypatch.setenv("COMMGEN_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def card_file(tmp_path):
    """Write a card of the catalogue with some keys changed."""

    def write(**changes):
        content = catalogue()["adsb_modes1"].model_dump(mode="json")
        path = tmp_path / "card.yaml"
        path.write_text(yaml.safe_dump({**content, **changes}))
        return path

    return write


def test_all_sets_have_a_card():
    cards = catalogue()
    assert list(cards) == SETS
    for name, card in cards.items():
        assert card.name == card.folder == name
        assert card.recipe[0].endswith(card.upstream.commit)
    assert {c.name for c in cards.values() if c.kind == "channels"} == set(IMPORTERS)


@pytest.mark.measured
@pytest.mark.parametrize("name", SETS)
def test_files_are_those_of_the_card(data_root, name):
    card = catalogue()[name]
    commit = (data_root / card.folder / "SOURCE_COMMIT.txt").read_text().split()[1]
    assert commit == card.upstream.commit
    for file in card.files:
        check_file(data_root / card.folder, file)
        assert (data_root / card.folder / file.path).stat().st_size == file.bytes


@pytest.mark.measured
@pytest.mark.parametrize("name", sorted(IMPORTERS))
def test_archives_have_the_arrays_of_the_card(data_root, name):
    """So an archive that was packed again, and compressed otherwise, is accepted."""
    card = catalogue()[name]
    file = card.files[0]
    assert arrays_sha256(data_root / card.folder / file.path) == file.arrays_sha256


@pytest.mark.usefixtures("no_data")
def test_unset_data_root():
    with pytest.raises(FileNotFoundError, match="COMMGEN_DATA is unset; set it to"):
        data_root()


def test_missing_data_root(monkeypatch, tmp_path):
    monkeypatch.setenv("COMMGEN_DATA", str(tmp_path / "no"))
    with pytest.raises(FileNotFoundError, match="COMMGEN_DATA must name a folder, got"):
        data_root()


@pytest.mark.usefixtures("root")
def test_missing_set_says_how_to_obtain_it():
    card = catalogue()["wifi_polyu_mimo"]
    with pytest.raises(
        FileNotFoundError, match=r"datasets show wifi_polyu_mimo.*https://github"
    ):
        locate(card)


def test_missing_and_wrong_files(root):
    card = catalogue()["wifi_polyu_mimo"]
    folder = root / card.folder
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match=r"there is no file .*3x2x30\.npz"):
        open_set(card)
    np.savez(folder / "polyu_csi_3x2x30.npz", csi=np.zeros(3))
    with pytest.raises(
        ValueError, match=r"not the file of the data card.*436e0225e22c"
    ):
        open_set(card)


def test_sets_without_channels_have_no_importer():
    with pytest.raises(ValueError, match=r"lte_iq holds no channels \(iq\)"):
        open_set(catalogue()["lte_iq"])


def test_checksum_of_arrays_ignores_compression_and_order(tmp_path):
    arrays = {"a": np.arange(5), "b": np.ones((2, 3), np.float32)}
    np.savez(tmp_path / "1.npz", **arrays)
    np.savez_compressed(tmp_path / "2.npz", b=arrays["b"], a=arrays["a"])
    np.savez(tmp_path / "3.npz", a=arrays["a"].astype(np.int32), b=arrays["b"])
    np.savez(tmp_path / "4.npz", a=arrays["a"], b=arrays["b"].reshape(3, 2))
    sums = [arrays_sha256(tmp_path / f"{k}.npz") for k in (1, 2, 3, 4)]
    assert sums[0] == sums[1]
    assert len(set(sums)) == 3


def test_reads_a_card(card_file):
    assert read_card(card_file()).name == "adsb_modes1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"licens": "MIT"}, "not a data card: licens: Extra inputs"),
        ({"files": []}, "files: Tuple should have at least 1 item"),
        ({"upstream": {"repository": "x"}}, r"upstream\.commit: Field required"),
        (
            {"split": {"label": "a", "train": [1], "validation": [1], "test": [2]}},
            r"split\.why: Field required",
        ),
        (
            {
                "split": {
                    "label": "a",
                    "train": [1],
                    "validation": [1],
                    "test": [2],
                    "why": "",
                }
            },
            "split: .*must not share a value",
        ),
    ],
)
def test_refuses_cards(card_file, changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_card(card_file(**changes))
    assert "\n" not in str(caught.value)


def test_refuses_what_is_not_yaml(tmp_path):
    (tmp_path / "card.yaml").write_text("a: [")
    with pytest.raises(ValueError, match=r"card\.yaml is not valid YAML: while"):
        read_card(tmp_path / "card.yaml")
