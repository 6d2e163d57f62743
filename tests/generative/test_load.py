"""Models that load where nobody imported their classes."""

import ast
import importlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import commgen
from commgen.generative import GaussianMixture, WassersteinGAN, load_model, read_card
from commgen.generative.load import load_prior
from commgen.generative.names import MODULES

PACKAGE = Path(commgen.__file__).parent


def registered():
    """Return {name: module} of all classes registered with Keras, from the code."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(
                "register_keras_serializable" in ast.unparse(decorator)
                for decorator in node.decorator_list
            ):
                found[node.name] = module
    return found


def test_the_table_has_all_classes():
    assert registered() == MODULES


def test_each_class_is_registered_under_its_name():
    for name, module in MODULES.items():
        cls = getattr(importlib.import_module(module), name)
        assert cls.__module__ == module


def test_a_wrapped_prior_loads_in_a_fresh_process(channels, tmp_path):
    from commgen.inference.uncertainty import CalibratedPrior, GuardedPrior

    mixture = GaussianMixture((2, 6), 2).fit(channels, seed=1)
    CalibratedPrior(GuardedPrior(mixture)).save(tmp_path / "best")
    code = (
        "import sys; from commgen.generative import load_model\n"
        "assert not any(name.endswith('.calibrated') for name in sys.modules)\n"
        "print(type(load_model(sys.argv[1])).__name__)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "best"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "CalibratedPrior"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folders of a mixture and of a network, of which neither was fitted."""
    folder = tmp_path_factory.mktemp("saved")
    GaussianMixture((2, 6), 3).save(folder / "mixture")
    WassersteinGAN((2, 6), 4, width=16, depth=1).save(folder / "wgan")
    return folder


@pytest.fixture
def damage(saved, tmp_path):
    """Copy a model with some members of its file, or its card, made others."""

    def make(kind, members=None, card=None):
        with zipfile.ZipFile(saved / kind / "model.keras") as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        for name, change in (members or {}).items():
            parts[name] = change(parts.get(name))
        (tmp_path / "m").mkdir()
        with zipfile.ZipFile(tmp_path / "m" / "model.keras", "w") as archive:
            for name, content in parts.items():
                if content is not None:
                    archive.writestr(name, content)
        told = json.loads((saved / kind / "card.json").read_text()) | (card or {})
        (tmp_path / "m" / "card.json").write_text(json.dumps(told))
        return tmp_path / "m"

    return make


def configured(**changes):
    """Return a change of the arguments in a configuration."""

    def change(text):
        config = json.loads(text)
        config["config"].update(changes)
        return json.dumps(config)

    return {"config.json": change}


def stored(change):
    """Return a change of the weights, given ``change(file, name of the first)``."""

    def edit(content):
        buffer, names = io.BytesIO(content), []
        with h5py.File(buffer, "r+") as file:
            file.visit(names.append)
            change(file, next(n for n in names if getattr(file[n], "size", 0) > 1))
        return buffer.getvalue()

    return {"model.weights.h5": edit}


def replaced(*args, **options):
    def change(file, name):
        del file[name]
        file.create_dataset(name, *args, **options)

    return stored(change)


def linked(file, name):
    del file[name]
    file[name] = h5py.ExternalLink("/etc/passwd", "x")


def spoiled(file, name):
    file[name][...] = np.nan


HUGE = 10**9
CHUNKED = {"shape": (HUGE,), "chunks": (HUGE,), "compression": "gzip"}


@pytest.mark.parametrize(
    ("kind", "members", "told"),
    [
        ("mixture", {"evil.py": lambda _: "import os"}, "its members must be"),
        ("wgan", {"config.json": lambda _: None}, "its members must be"),
        ("mixture", {"config.json": lambda _: "{"}, "property name enclosed"),
        ("mixture", {"config.json": lambda _: "[" * 10**5}, "recursion"),
        ("mixture", {"model.weights.h5": lambda c: c[:2000]}, "truncated file"),
        ("mixture", {"model.weights.h5": lambda _: b"x"}, "signature"),
        ("mixture", configured(num_components=9999), "asks for more weights than"),
        ("mixture", configured(event_shape=[HUGE, HUGE]), "must fit into the memory"),
        ("wgan", configured(width=HUGE), "asks for more weights than"),
        ("wgan", configured(depth=HUGE), "asks for more"),
        ("wgan", configured(num_latents=-1), "num_latents must be at least 1"),
        ("mixture", stored(linked), "0 must lie in the file itself, it is a link"),
        ("mixture", replaced(data=[b"a", b"b"]), "0 must be of a fixed size"),
        ("mixture", replaced(**CHUNKED), "0 declares"),
        (
            "mixture",
            replaced(data=np.zeros(30), chunks=(5,)),
            "plain arrays of numbers",
        ),
        ("mixture", replaced(shape=(HUGE,), dtype="f4"), "0 declares"),
        ("mixture", replaced(data=np.zeros(30)), "value.shape=(30,)"),
    ],
)
def test_damaged_files_are_refused_before_they_take_memory(damage, kind, members, told):
    with pytest.raises(ValueError, match=r"m/model\.keras is not a model") as refused:
        load_model(damage(kind, members))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"hello" * 99, None])
def test_what_is_no_archive_is_refused(damage, content):
    file = damage("wgan") / "model.keras"
    file.write_bytes(file.read_bytes()[:900] if content is None else content)
    with pytest.raises(
        ValueError, match="is not a model that loads: File is not a zip"
    ):
        load_model(file.parent)


def test_weights_that_are_not_finite_are_named(damage):
    told = (
        r"weight gaussian_mixture\w*/\w+ of .*model.keras must be finite, got \d+ NaN"
    )
    with pytest.raises(ValueError, match=told):
        load_model(damage("mixture", stored(spoiled)))


def test_a_file_of_another_version_says_so(damage):
    folder = damage("mixture", configured(new_option=1), {"commgen": "99.0"})
    told = f"'new_option' .commgen 99.0 wrote it, this is {commgen.__version__}"
    with pytest.raises(ValueError, match=told):
        load_model(folder)


@pytest.mark.parametrize(
    ("card", "told"),
    [
        ("{", "is not valid JSON"),
        ("[" * 10**5, "is not valid JSON"),
        ("[1]", "must hold a JSON object, got list"),
        (" " * 2**25, "must have at most 16777216 bytes"),
        ('{"family": 1}', "family of .* must be a word, got 1"),
        ('{"layout": "rx"}', "layout of .* must be a list of words"),
        ('{"meta": []}', "meta of .* must be an object"),
        ('{"condition": {"names": 1}}', "condition of .* must be an object with names"),
    ],
)
def test_cards_are_checked(damage, card, told):
    folder = damage("mixture")
    (folder / "card.json").write_text(card)
    with pytest.raises(ValueError, match=told):
        read_card(folder)
    assert load_model(folder).event_shape == (2, 6)  # which needs no card


def test_a_model_that_cannot_estimate_is_no_prior(saved):
    assert load_prior(saved / "mixture").event_shape == (2, 6)
    told = r"wgan must hold a prior, .* got WassersteinGAN, which draws them alone"
    with pytest.raises(ValueError, match=told):
        load_prior(saved / "wgan")
