"""What the configurations of estimators have in common."""

from typing import Annotated, Any

from pydantic import Field, model_serializer, model_validator

from commgen._settings import Count, Int, Name, Settings

# Left out of a written configuration where they are the default: runs that were made
# before there were such settings go on.
_QUIET = ("use_err_var", "iterations", "block", "interpolation", "max_delay_s")


class EstimatorSettings(Settings):
    """Estimator by its ``kind``, which a subclass gives, with a name for tables."""

    kind: str
    name: Name = ""

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, data: Any) -> Any:
        if isinstance(data, dict) and "name" not in data:
            return {**data, "name": data.get("kind")}
        return data

    def build(self, simulation: Any, resource_grid: Any, prior: Any) -> Any:
        """Return the estimator, or a receiver around it.

        What it needs is imported here: a configuration is read without TensorFlow.

        Parameters
        ----------
        simulation : SimulationConfig
            All of the simulation, with its link and channel.
        resource_grid : ResourceGrid
            Grid of the link.
        prior : Prior or None
            Loaded or fitted for a configuration that names one.

        Raises
        ------
        ValueError
            If it does not fit the link.
        """
        raise NotImplementedError(f"{type(self).__name__} has no build.")


class ReceiverSettings(EstimatorSettings):
    """What the receiver does with an estimate.

    Parameters
    ----------
    use_err_var
        Whether equaliser and demapper are told the error variance; they take the
        estimate for the truth otherwise.
    iterations
        Times that the channel is estimated again from the symbols that the decoder
        found, where the code's checks fail: at most, 0 to 20.
    """

    use_err_var: bool = True
    iterations: Annotated[Int, Field(ge=0, le=20)] = 0

    @model_serializer(mode="wrap")
    def _leave_out_defaults(self, handler: Any) -> dict[str, Any]:
        fields = type(self).model_fields
        return {
            key: value
            for key, value in handler(self).items()
            if key not in _QUIET or getattr(self, key) != fields[key].default
        }

    def receiver(self, estimator: Any, refine: Any = None) -> Any:
        """Return the receiver around an estimator, see ``EstimatorReceiver``."""
        from commgen.phy.receiver.estimator_receiver import EstimatorReceiver

        return EstimatorReceiver(
            estimator,
            use_err_var=self.use_err_var,
            iterations=self.iterations,
            refine=refine,
        )


class BlockwiseSettings(ReceiverSettings):
    """Estimator that, from data, estimates block by block.

    Parameters
    ----------
    block
        OFDM symbols and subcarriers of a block of
        :class:`~commgen.phy.receiver.BlockPosterior`, at most; each block needs pilots.
    """

    block: tuple[Count, Count] = (7, 12)

    @model_validator(mode="after")
    def _check_block(self):
        if self.block != (7, 12) and not self.iterations:
            raise ValueError(
                "block must be left out without iterations, got "
                f"[{self.block[0]}, {self.block[1]}]"
            )
        return self

    def refine(self, simulation: Any, prior: Any = None) -> Any:
        """Return what estimates again from data; the whole slot if nothing moves."""
        from commgen.phy.receiver.block_posterior import BlockPosterior

        link, (num_symbols, num_subcarriers) = simulation.link, self.block
        if link.time_interpolation == "average":
            num_symbols = link.num_ofdm_symbols
        return BlockPosterior(prior, block=(num_symbols, num_subcarriers))
