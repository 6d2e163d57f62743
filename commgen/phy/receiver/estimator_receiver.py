"""An estimator, and what a link does with its estimate."""

from dataclasses import KW_ONLY, dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class EstimatorReceiver:
    """Receiver that equalises and decodes with an estimate of the channel.

    Parameters
    ----------
    estimator
        ``(y, no) -> h_hat, err_var``. One with ``is_genie`` is given the channel in
        place of ``y``.
    use_err_var
        Whether equaliser and demapper are told the error variance, or zero.
    iterations
        Times that the channel is estimated again from what the decoder made of the
        data, at most; where the code's checks hold, no more. 0: once.
    refine
        ``refine(y, no, x_mean, x_var, h_power) -> h_hat, err_var``, such as
        :class:`~commgen.phy.receiver.SlotPosterior`; needed with ``iterations``.
    correct
        ``correct(y, no, h_hat, err_var, x_hat, no_eff) -> llr`` in the place of the
        demapper, such as :class:`~commgen.phy.neural.corrector.LLRCorrector`; None: the
        exact LLRs of white noise.

    Input, Output
    -------------
    As of ``estimator``.

    Raises
    ------
    TypeError
        If ``estimator`` cannot be called, or is such a receiver itself.
    ValueError
        If ``iterations`` is negative, or there is no ``refine`` for them.
    """

    estimator: Any
    _: KW_ONLY
    use_err_var: bool = True
    iterations: int = 0
    refine: Any = None
    correct: Any = None

    def __post_init__(self):
        # The options of a receiver inside would be lost in silence.
        if not callable(self.estimator) or isinstance(self.estimator, type(self)):
            raise TypeError(
                "estimator must be a function (y, no) -> h_hat, err_var, got "
                f"{type(self.estimator)}."
            )
        if self.iterations < 0:
            raise ValueError(f"iterations must be at least 0, got {self.iterations}.")
        if self.iterations and self.refine is None:
            raise ValueError(
                f"refine must be given for {self.iterations} iterations, got None."
            )

    @property
    def is_genie(self) -> bool:
        """Whether the estimator is given the channel."""
        return getattr(self.estimator, "is_genie", False)

    def __call__(self, y: Any, no: Any) -> tuple[Any, Any]:
        """Return ``h_hat`` and ``err_var``."""
        return self.estimator(y, no)

    def told(self, err_var: Any) -> Any:
        """Return what equaliser and demapper are told of ``err_var``."""
        return err_var if self.use_err_var else tf.zeros([1] * 7, err_var.dtype)
