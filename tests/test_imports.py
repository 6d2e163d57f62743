"""Who may import whom, as ARCHITECTURE.md says; read from the code, not run."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import commgen

PACKAGE = Path(commgen.__file__).parent
# What each room may import of the others.
ROOMS = {
    "generative": set(),
    "datasets": set(),
    "channels": {"generative", "datasets"},
    "phy": {"generative", "datasets", "channels"},
    "evaluation": {"generative", "datasets", "channels", "phy"},
    "studies": {"generative", "datasets", "channels", "phy", "evaluation"},
    "cli": {
        "generative",
        "datasets",
        "channels",
        "phy",
        "evaluation",
        "studies",
    },
}
HEAVY = {"tensorflow", "keras", "sionna"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path, *, at_import_time=False):
    """Absolute names that a module imports, also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = outside_functions(tree) if at_import_time else ast.walk(tree)
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def outside_functions(node):
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from outside_functions(child)


def room_of(name):
    parts = name.split(".")
    if parts[0] != "commgen" or len(parts) < 2:
        return None
    return parts[1] if (PACKAGE / parts[1]).is_dir() else None


def loaded_by(code):
    """Top-level packages that ``code`` leaves loaded in a new interpreter."""
    code += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def test_all_rooms_are_known():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_rooms_import_only_lower_ones(path):
    own = room_of(name_of(path))
    allowed = ROOMS[own] | {own} if own else set()
    used = {room_of(name) for name in imports(path)} - {None}
    assert used <= allowed, f"{name_of(path)} imports {sorted(used - allowed)}"


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if room_of(name_of(p)) in (None, "datasets")],
    ids=name_of,
)
def test_light_modules_never_import_tensorflow(path):
    assert not {name.split(".")[0] for name in imports(path)} & HEAVY


@pytest.mark.parametrize(
    "path", [p for p in MODULES if room_of(name_of(p)) == "generative"], ids=name_of
)
def test_generative_knows_no_radio(path):
    assert "sionna" not in {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if room_of(name_of(p)) == "cli" and p.stem != "_chapters"],
    ids=name_of,
)
def test_commands_import_heavy_rooms_inside_functions_only(path):
    names = imports(path, at_import_time=True)
    assert not {name.split(".")[0] for name in names} & HEAVY
    assert {room_of(name) for name in names} <= {None, "cli", "datasets"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_tests_assert(path):
    """Python's -O removes assertions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Assert)]


def test_the_package_alone_loads_nothing_else():
    before = loaded_by("pass")
    assert loaded_by("import commgen") - before == {"commgen"}


def test_command_line_loads_no_tensorflow():
    loaded = loaded_by("import commgen.cli, commgen.datasets")
    assert not loaded & (HEAVY | {"matplotlib", "scipy"})


def test_the_walk_sees_what_it_should():
    """The checks above must be able to fail."""
    path = PACKAGE / "cli" / "train.py"
    assert "commgen.channels.learn.learn" in imports(path)
    assert "commgen.channels.learn.learn" not in imports(path, at_import_time=True)
    assert room_of("commgen.phy.link.Link") == "phy"
    assert room_of("commgen._files.sha256") is None
