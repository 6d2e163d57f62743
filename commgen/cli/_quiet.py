"""Keep TensorFlow's start-up notices off the screen of a user."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


@contextmanager
def quiet_start() -> Iterator[None]:
    """Send what native code prints on standard error to nowhere, for a moment.

    TensorFlow logs its build options when it is imported, before its own log level can
    be set. Python's exceptions pass as ever.
    """
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def start_tensorflow() -> None:
    """Import Keras, and TensorFlow with it, without their notices.

    Of its warnings too: it counts the graphs of different models as one that is traced
    again and again.
    """
    with quiet_start():
        import_module("keras")
        import_module("tensorflow").get_logger().setLevel("ERROR")
