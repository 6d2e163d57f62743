import subprocess
import sys


def test_neither_the_room_nor_its_commands_load_tensorflow():
    code = (
        "import sys, commgen.datasets, commgen.cli.datasets\n"
        "heavy = {'tensorflow', 'keras', 'sionna', 'matplotlib', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
