"""Rows of messages, what they say of each aircraft, and a picture over time."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from commgen.sdr.recordings.adsb.message import Message, told
from commgen.sdr.recordings.adsb.receiver import SAMPLE_RATE_HZ
from commgen.sdr.recordings.picture import draw_events

Rows = list[dict[str, Any]]


def message_rows(found: Iterable[Message]) -> Rows:
    """Return a row for each message."""
    return [
        {
            "time_s": message.start / SAMPLE_RATE_HZ,
            "df": message.downlink_format,
            "address": f"{message.address:06x}",
            "level_db": message.level_db,
            "hex": message.hex,
            **told(message),
        }
        for message in found
    ]


def aircraft_rows(rows: Rows) -> Rows:
    """Return a row for each file and aircraft: what was counted, what it told last."""
    keys = dict.fromkeys((row["file"], row["address"]) for row in rows)
    return [
        _aircraft([r for r in rows if (r["file"], r["address"]) == k]) for k in keys
    ]


def _aircraft(own: Rows) -> dict[str, Any]:
    kinds = [row["df"] for row in own]
    last = {name: value for row in own for name, value in row.items()}
    return {
        "file": last["file"],
        "aircraft": last["address"],
        "callsign": last.get("callsign", "-"),
        "DF17/18": sum(df in (17, 18) for df in kinds),
        "DF11": kinds.count(11),
        "replies": sum(df not in (11, 17, 18) for df in kinds),
        "altitude [ft]": last.get("altitude_ft", "-"),
        "speed [kt]": last.get("speed_kt", "-"),
        "track [deg]": last.get("track_deg", "-"),
    }


def save_message_figure(path: Path, rows: Rows) -> None:
    """Draw the level of each message over time, a colour for each format."""
    draw_events(path, rows, "time_s", "level_db", "df", "level [dB of full scale]")
