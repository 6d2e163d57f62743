"""What a live run is asked for."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from commgen._settings import Float, Int, Settings
from commgen.frame.constellation import Constellation
from commgen.frame.frame import RADIO_FRAME, Frame
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
    num_bits_per_symbol, coderate
        Of the data in the frames: 2, 4, 6 or 8 bits of QAM, and the NR LDPC code.
        Without ``num_bits_per_symbol`` QPSK, or as many bits as the constellation has.
    constellation
        File of points for the data in place of QAM, of
        :class:`~commgen.frame.constellation.Constellation`, all equally likely.
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
    num_bits_per_symbol: Literal[1, 2, 3, 4, 5, 6, 7, 8] | None = None
    coderate: Float = RADIO_FRAME.coderate
    constellation: Path | None = None
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

    @cached_property
    def frame(self) -> Frame:
        """The frame that is sent and received.

        Raises
        ------
        OSError
            If the file of the constellation is not there.
        ValueError
            If it is none, or does not fit, or a frame has no such code.
        """
        path, num_bits = self.constellation, self.num_bits_per_symbol
        points = None if path is None else Constellation.load(path)
        if num_bits is None:
            usual = RADIO_FRAME.num_bits_per_symbol
            num_bits = usual if points is None else points.num_bits_per_symbol
        return replace(
            RADIO_FRAME,
            num_bits_per_symbol=num_bits,
            constellation=points,
            coderate=self.coderate,
        )

    def told(self) -> dict[str, Any]:
        """Return what decides the results, as JSON."""
        told = self.model_dump(mode="json")
        for key, radios in (("usrp", ("uhd",)), ("air", ("sim", "zmq"))):
            if self.radio not in radios:
                told.pop(key)
        return told
