"""What figures were measured on: the machine, and the versions of the packages."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine() -> str:
    """Say what the figures were measured on."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {_processor()}, {platform.system()}, Python {platform.python_version()}"


def versions_of(*packages: str) -> dict[str, str]:
    """Return the versions of packages in this environment."""
    return {package: version(package) for package in packages}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
