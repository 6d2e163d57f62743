"""What is printed is shown as it is: neither markup nor a command to the terminal."""

from typing import Any

from rich.console import Console

# Control characters but the end of a line and the tabulator: C0, DEL, C1.
_CONTROLS = {
    code: f"\\x{code:02x}"
    for code in (*range(32), *range(127, 160))
    if code not in (9, 10)
}


class _PlainConsole(Console):
    def render_str(self, text: str, **options: Any) -> Any:
        return super().render_str(escaped(text), **options)


def plain_console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Return a console for tables and text that may hold names of strangers."""
    return _PlainConsole(
        stderr=stderr, width=width, markup=False, emoji=False, highlight=False
    )


def say(text: str) -> None:
    """Print a line, however long, on standard output."""
    plain_console().print(text, soft_wrap=True)


def escaped(text: str) -> str:
    r"""Return text with its control characters spelt out.

    Examples
    --------
    >>> print(escaped("a\x1b[31m.h5"))
    a\x1b[31m.h5
    """
    return text.translate(_CONTROLS)
