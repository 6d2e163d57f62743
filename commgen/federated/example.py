"""A complete configuration, as ``--example`` prints it."""

from pathlib import Path

EXAMPLE_YAML = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")
