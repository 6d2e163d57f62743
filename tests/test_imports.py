"""Who may import whom, as ARCHITECTURE.md says; read from the code, not run."""

import ast
import re
import subprocess
import sys
from functools import cache

import pytest
from code_graph import (
    FACADES,
    MODULES,
    NAMES,
    PACKAGE,
    ROOT,
    imports,
    module_of,
    modules_used,
    name_of,
    room_of,
)

PLAN = ROOT / "ARCHITECTURE.md"
HEAVY = {"tensorflow", "keras", "sionna"}
# Modules that may name others in strings, wherever these lie.
NAMED_IN_STRINGS = {
    "commgen.generative.names",
    "commgen.datasets.matlab",
    "commgen.channels.ray_traced",
}


def table(heading):
    """Return the rows of the first table behind a heading of ARCHITECTURE.md."""
    text = PLAN.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1]
    lines = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def ticked(cell):
    return re.findall(r"`(\w+)`", cell)


def rooms():
    """Return what each room may import, with what follows from its row."""
    rows = table("The rooms")
    direct, ground = {}, set()
    for row in rows:
        named = ticked(row["room"])
        direct |= {room: set(ticked(row["imports"])) for room in named}
        ground |= set(named) if row["floor"] == "ground" else set()

    def below(room):
        return direct[room].union(*(below(other) for other in direct[room]))

    return {room: below(room) | ground - {room} for room in direct}, ground


ROOMS, GROUND = rooms()
LIGHT = {
    room
    for row in table("The rooms")
    for room in ticked(row["room"])
    if row["TensorFlow"] in ("no", "never")
}


@cache
def loads_when_imported(name):
    """Top-level packages that a module brings in, by its imports outside functions."""
    seen, todo, packages = set(), [name], set()
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        names = imports(NAMES[here], at_import_time=True)
        packages |= {used.split(".")[0] for used in names}
        todo += modules_used(NAMES[here], at_import_time=True)
        if "." in here:
            todo.append(here.rpartition(".")[0])
    return packages


def loaded_by(code):
    """Top-level packages that ``code`` leaves loaded in a new interpreter."""
    code += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def circles(graph):
    """Strongly connected parts of more than one node (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(part) > 1:
                found.append(sorted(part))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def test_the_plan_names_all_rooms():
    there = {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    there |= {p.stem for p in PACKAGE.glob("_*.py") if p.stem != "__init__"}
    assert there == set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_rooms_import_only_lower_ones(path):
    own = room_of(name_of(path))
    allowed = ROOMS[own] | {own} if own else GROUND
    used = {room_of(name) for name in modules_used(path)}
    assert used <= allowed, f"{name_of(path)} imports {sorted(used - allowed)}"


def test_only_the_listed_modules_name_others_in_strings():
    named = {
        name
        for name, path in NAMES.items()
        if modules_used(path, in_strings=True) != modules_used(path)
    }
    assert named == NAMED_IN_STRINGS


def test_rooms_do_not_import_from_their_own_facade():
    """Names of a facade are for others: within a room one names the file."""
    used = {(name, n) for name, path in NAMES.items() for n in imports(path)}
    assert not {
        (name, n) for name, n in used if n in FACADES and room_of(name) == room_of(n)
    }


def test_facades_load_what_they_name():
    """In a process of its own; what is listed there is what ``dir`` shows."""
    code = "\n".join(
        f"from {name.rpartition('.')[0]} import {name.rpartition('.')[2]}"
        for name in FACADES
    )
    code += "\nimport commgen\nassert commgen.channels.UMI64 and commgen.datasets"
    code += "\nassert set(dir(commgen.channels)) == set(commgen.channels.__all__)"
    assert {"tensorflow", "commgen"} <= loaded_by(code)


def test_no_two_files_import_each_other():
    assert circles({name: modules_used(path) for name, path in NAMES.items()}) == []


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]


@pytest.mark.parametrize(
    "path", [p for p in MODULES if room_of(name_of(p)) in {None, *LIGHT}], ids=name_of
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
    assert not loads_when_imported(name_of(path)) & HEAVY


def folder_of(name):
    """Return the folder of a module within its room; "" for files of the room."""
    parts = name.split(".")
    folder = (PACKAGE / "/".join(parts[1:3])).is_dir()
    return parts[2] if len(parts) > 2 and folder else ""


def runs_up(name, other, row):
    """Whether ``name`` must not import ``other`` of the same room, by its row."""
    order = ticked(row["folders"])
    if folder_of(other):
        place = order.index(folder_of(name))
        return folder_of(other) not in order[: place + 1]
    return other.split(".")[2] in ticked(row["not"])


@pytest.mark.parametrize(
    "row", table("Inside the large rooms"), ids=lambda row: row["room"].strip("`")
)
def test_folders_import_only_lower_ones(row):
    (room,) = ticked(row["room"])
    inside = [n for n in NAMES if folder_of(n) in ticked(row["folders"])]
    inside = [name for name in inside if room_of(name) == room]
    assert {folder_of(name) for name in inside} == set(ticked(row["folders"]))
    assert [
        (name, other)
        for name in inside
        for other in modules_used(NAMES[name])
        if room_of(other) == room and runs_up(name, other, row)
    ] == []


def test_steps_up_are_seen():
    rows = {row["room"]: row for row in table("Inside the large rooms")}
    phy, generative = rows["`phy`"], rows["`generative`"]
    link, nr = "commgen.phy.ofdm.link", "commgen.phy.nr.link"
    assert runs_up(link, nr, phy)
    assert not runs_up(nr, link, phy)
    assert runs_up(link, "commgen.phy.simulation.run", phy)
    assert not runs_up(link, "commgen.phy.counts", phy)
    gmm = "commgen.generative.mixture.gmm"
    assert runs_up(gmm, "commgen.generative.recipes", generative)
    assert not runs_up(gmm, "commgen.generative.model", generative)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_tests_assert(path):
    """Python's -O removes assertions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Assert)]


def test_the_package_alone_loads_nothing_else():
    before = loaded_by("pass")
    loaded = loaded_by("import commgen") - before
    assert not loaded & (HEAVY | {"numpy", "scipy", "matplotlib", "pydantic", "typer"})


def test_command_line_loads_no_tensorflow():
    loaded = loaded_by("import commgen.cli, commgen.datasets")
    assert not loaded & (HEAVY | {"matplotlib", "scipy"})


def test_the_walk_sees_what_it_should():
    """The checks above must be able to fail."""
    path = PACKAGE / "cli" / "train.py"
    name = "commgen.channels.training.train_to_folder"
    assert name in imports(path)
    assert name not in imports(path, at_import_time=True)
    assert "tensorflow" in loads_when_imported("commgen.channels.training")
    name = "commgen.generative.Diffusion"
    assert module_of(name) == "commgen.generative.diffusion.model"
    assert room_of("commgen.phy.ofdm.link.Link") == "phy"
    assert room_of("commgen._files.whole.sha256") == "_files"
    assert module_of("commgen._files.whole.sha256") == "commgen._files.whole"
    assert ROOMS["channels"] >= {"generative", "datasets", "measures", "_files"}
    assert "channels" not in ROOMS["datasets"]
