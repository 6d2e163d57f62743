"""A configuration to start from."""

from pathlib import Path

EXAMPLE_YAML = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")
