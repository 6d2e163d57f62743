"""What Flower's programs are told by their environment."""

from pathlib import Path

# Flower looks for work every second by default, at each node and the server; each look
# costs some ms of CPU time.
_POLL_S = "0.3"


def flower_environment(home: Path) -> dict[str, str]:
    """Return settings with which Flower talks to nobody and writes into one folder.

    Parameters
    ----------
    home
        Flower's own folder, in place of the user's.
    """
    return {
        "FLWR_HOME": str(home.absolute()),
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
        "FLWR_SUPEREXEC_TASK_POLL_INTERVAL": _POLL_S,
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONUNBUFFERED": "1",
    }
