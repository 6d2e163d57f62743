"""Runs the tests of what differs from HEAD, and the contracts."""

import subprocess
import sys

from code_graph import NAMES, PACKAGE, ROOT, modules_used, name_of

TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
CONTRACTS = [
    *sorted((ROOT / "tests").glob("*/test_contract.py")),
    ROOT / "tests" / "test_imports.py",
    ROOT / "tests" / "_files" / "test_whole.py",
]

# What pytest returns where no test is left: a file may only speak of slow tests.
_NONE_CHOSEN = 5


def changed(root):
    """Return the files of a clone that differ from HEAD, new ones too."""
    commands = (
        ("git", "diff", "--name-only", "--relative", "HEAD"),
        ("git", "ls-files", "--others", "--exclude-standard"),
    )
    names = []
    for command in commands:
        done = subprocess.run(command, cwd=root, capture_output=True, check=True)
        names += done.stdout.decode().splitlines()
    return [path for path in (root / name for name in names) if path.is_file()]


def beside(path):
    """Return the tests in the folder that mirrors the folder of a module."""
    folder = ROOT / "tests" / path.relative_to(PACKAGE).parent
    return [test for test in TESTS if test.parent == folder]


def tests_of_module(path):
    """Yield (test file, reason): of its folder, its room, and of those who import it.

    Of another room only those tests count that lie beside a module that imports it,
    and import that: half of all tests need a mixture for something else.
    """
    name, room = name_of(path), path.relative_to(PACKAGE).parts[0]
    for test in beside(path):
        yield test, f"lies beside {name}"
    for test in TESTS:
        if name in modules_used(test) and room in test.parts:
            yield test, f"imports {name}"
    for user, user_path in NAMES.items():
        if name in modules_used(user_path):
            for test in beside(user_path):
                if user in modules_used(test):
                    yield test, f"imports {user}, which imports {name}"
    if ">>> " in path.read_text(encoding="utf-8"):
        yield path, "has examples"


def tests_of(path):
    """Yield (file to test, reason) for a file that has changed."""
    top = path.relative_to(ROOT).parts[0]
    if top == "commgen" and path.suffix == ".py":
        yield from tests_of_module(path)
    elif path in TESTS:
        yield path, "has changed"
    elif top == "tests" and path.name == "conftest.py":
        for test in TESTS:
            if path.parent in test.parents:
                yield test, f"has fixtures of {path.relative_to(ROOT)}"
    elif top == "datasets":
        for test in TESTS:
            if test.parent == ROOT / "tests" / "datasets":
                yield test, "reads the data cards"
    elif top == "tools":
        yield ROOT / "tests" / "test_changed.py", f"runs {path.name}"


def choose(paths):
    """Return {file to test: reason} for files that have changed."""
    chosen = dict.fromkeys(CONTRACTS, "is a contract")
    for path in paths:
        for test, reason in tests_of(path):
            chosen.setdefault(test, reason)
    return chosen


def main(options):
    """Run pytest with options, slow tests if they have changed; or say what and why."""
    paths = changed(ROOT)
    chosen = choose(paths)
    if options == ["--list"]:
        for test, reason in sorted(chosen.items()):
            print(f"{test.relative_to(ROOT)} {reason}")
        return 0
    pytest = (sys.executable, "-m", "pytest", "-q", *options)
    code = subprocess.run((*pytest, "-m", "not slow", *chosen), cwd=ROOT).returncode
    slow = [path for path in paths if path in TESTS and "mark.slow" in path.read_text()]
    if slow and code == 0:
        code = subprocess.run((*pytest, "-m", "slow", *slow), cwd=ROOT).returncode
    return 0 if code == _NONE_CHOSEN else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
