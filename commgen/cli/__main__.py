"""``python -m commgen.cli`` is ``commgen``."""

from commgen.cli import main

main()
