"""A flowgraph of blocks that keep their errors: it ends, and then raises them."""

from typing import Any

from commgen.sdr._gnuradio import gnuradio


class Flowgraph:
    """A ``gr.top_block`` that holds its blocks and tells their errors.

    A Python block that only ``connect`` knows is freed, and the flowgraph crashes: here
    they are kept.

    Attributes
    ----------
    top : gr.top_block
        For what this class does not offer.
    """

    def __init__(self, name: str = "commgen"):
        gr = gnuradio("gr")
        gr.logging().set_default_level(gr.log_levels.warn)  # of blocks made from now on
        self.top = gr.top_block(name)
        self._blocks: list[Any] = []
        self._started = False

    def log_off(self) -> None:
        """Let blocks made from now on print nothing: somebody else tells of errors."""
        gr = gnuradio("gr")
        gr.logging().set_default_level(gr.log_levels.off)

    def connect(self, *points: Any) -> None:
        """Connect blocks, or pairs of block and port, one behind the other."""
        self._keep(points)
        self.top.connect(*points)

    def connect_messages(self, source: Any, port: str, sink: Any, into: str) -> None:
        """Connect message ports."""
        self._keep((source, sink))
        self.top.msg_connect(source, port, sink, into)

    def start(self) -> None:
        """Start all blocks in threads of their own."""
        self.top.start()
        self._started = True

    def end(self) -> None:
        """Stop what runs and wait for it; raise the first error of a block."""
        if self._started:
            self.top.stop()
            self.wait()

    def run(self) -> None:
        """Start, wait until the sources end, raise the first error of a block."""
        self.start()
        self.wait()

    def wait(self) -> None:
        """Wait until the sources end; raise the first error of a block."""
        self.top.wait()
        self._started = False
        self.check()

    def check(self) -> None:
        """Raise the first error that a block kept."""
        for block in self._blocks:
            error = getattr(block, "error", None)
            if error is not None:
                raise error

    def _keep(self, points: Any) -> None:
        for point in points:
            block = point[0] if isinstance(point, tuple) else point
            if not any(block is known for known in self._blocks):
                self._blocks.append(block)
                if hasattr(block, "error"):
                    block.logs_errors = False
