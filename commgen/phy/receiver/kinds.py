"""The two kinds of receivers that a link knows."""

from typing import Any

from commgen.phy.receiver.estimator_receiver import EstimatorReceiver


def gives_llr(receiver: Any) -> bool:
    """Whether a receiver ends with LLRs, so that no equaliser or demapper follows.

    Such a one has ``receive(y, no) -> h_hat, err_var, llr``, as
    :class:`~commgen.phy.neural.receiver.NeuralReceiver`; any other is an
    :class:`~commgen.phy.receiver.EstimatorReceiver`.
    """
    return hasattr(receiver, "receive")


def as_receiver(receiver: Any) -> Any:
    """Return a receiver itself, and one of plain options around a bare estimator.

    Raises
    ------
    TypeError
        If ``receiver`` is neither.
    """
    if isinstance(receiver, EstimatorReceiver) or gives_llr(receiver):
        return receiver
    return EstimatorReceiver(receiver)
