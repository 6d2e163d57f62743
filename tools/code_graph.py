"""Which module imports which, read from the code and not run."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "commgen"
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path):
    """Return the dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in MODULES}


@cache
def imports(path, *, at_import_time=False, in_strings=False):
    """Absolute names that a module imports, also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = outside_functions(tree) if at_import_time else ast.walk(tree)
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}: relative import")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif in_strings and isinstance(node, ast.Constant):
            names |= {node.value} if node.value in NAMES else set()
    return names


def outside_functions(node):
    """Walk over what runs when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from outside_functions(child)


def room_of(name):
    """Return the room of a dotted name, or None."""
    parts = name.split(".")
    return parts[1] if parts[0] == "commgen" and len(parts) > 1 else None


def facades():
    """Return {public name: module} of all facades, from their stubs."""
    found = {}
    for path in PACKAGE.rglob("*.pyi"):
        package = name_of(path)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    found[f"{package}.{alias.name}"] = f"{package}.{node.module}"
    return found


FACADES = facades()


def module_of(name):
    """Return the module of commgen that holds a name, or None."""
    while name in FACADES:
        name = f"{FACADES[name]}.{name.rpartition('.')[2]}"
    while name and name not in NAMES:
        name = name.rpartition(".")[0]
    return name or None


def modules_used(path, **options):
    """Return the other modules of commgen that a file imports."""
    found = {module_of(used) for used in imports(path, **options)}
    return found - {None, "commgen", name_of(path)}
