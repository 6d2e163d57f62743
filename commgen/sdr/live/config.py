"""What a live run is asked for."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from commgen._settings import Float, Int, Settings
from commgen.sdr.air.config import AirConfig

RADIOS = ("sim", "zmq", "file", "uhd")
Hertz = Annotated[Float, Field(gt=0, le=1e12)]


class UsrpConfig(Settings):
    """Settings of a USRP, as UHD names them; empty ones leave the device's own."""

    args: str = ""
    frequency_hz: Hertz = 2.45e9
    gain_db: Annotated[Float, Field(ge=-100, le=200)] | None = None
    antenna: str = ""
    clock_source: str = ""
    time_source: str = ""
    sends: bool = False


class RunConfig(Settings):
    """One run.

    Parameters
    ----------
    radio
        Where samples come from.
    estimator
        "lmmse", "ls", "slot", or the file of a model.
    seconds
        Of the stream; None until it ends, which simulated air never does.
    real_time
        Whether simulated air gives no more samples than a radio would.
    seed
        Of the payloads.
    threshold
        Least metric of a frame's beginning; None for the usual one.
    air
        What is simulated, by ``sim`` and by the other side of ``zmq``.
    recording
        What ``file`` reads.
    address
        Where ``zmq`` asks for samples; empty for a sender of its own.
    usrp
        Settings of ``uhd``.
    """

    radio: Literal["sim", "zmq", "file", "uhd"] = "sim"
    estimator: str = "lmmse"
    seconds: Annotated[Float, Field(gt=0, le=1e7)] | None = 10.0
    real_time: bool = False
    seed: Annotated[Int, Field(ge=0, le=2**63 - 1)] = 0
    threshold: Annotated[Float, Field(gt=0, lt=1)] | None = None
    air: AirConfig = AirConfig()
    recording: Path | None = None
    address: str = ""
    usrp: UsrpConfig = UsrpConfig()

    @model_validator(mode="after")
    def _check_radio(self) -> Self:
        if self.radio == "file" and self.recording is None:
            raise ValueError("recording must be given for the radio file, got none.")
        if self.radio != "file" and self.recording is not None:
            raise ValueError(
                f"recording must be left out for the radio {self.radio}, "
                f"got {self.recording}."
            )
        simulated = self.radio == "sim" or (self.radio == "zmq" and not self.address)
        if simulated and self.seconds is None:
            raise ValueError("seconds must be given for simulated air, got none.")
        return self

    def told(self) -> dict[str, Any]:
        """Return what decides the results, as JSON."""
        told = self.model_dump(mode="json")
        for key, radios in (("usrp", ("uhd",)), ("air", ("sim", "zmq"))):
            if self.radio not in radios:
                told.pop(key)
        return told
