"""Whether a channel has the antennas that a link wants."""

from typing import Any


def check_antennas(
    link: Any, num_rx_ant: int, num_tx_ant: int, *, streams: str = "num_streams"
) -> None:
    """Raise ValueError unless a channel has the antennas of ``link``.

    Parameters
    ----------
    link : LinkConfig or PuschConfig
        The slot.
    num_rx_ant, num_tx_ant
        Antennas of the channel.
    streams
        What ``link`` calls its streams, one for each transmit antenna.
    """
    if num_rx_ant != link.num_rx_ant:
        raise ValueError(
            f"link.num_rx_ant must equal the {num_rx_ant} receive antennas of the "
            f"channel, got {link.num_rx_ant}."
        )
    found = getattr(link, streams)
    if num_tx_ant != found:
        raise ValueError(
            f"link.{streams} must equal the {num_tx_ant} transmit antennas of the "
            f"channel, got {found}."
        )
