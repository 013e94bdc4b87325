"""What a run was made on: machine, programs, packages."""

import os
import platform
import re
import subprocess
from importlib.metadata import distributions, version
from pathlib import Path
from shutil import which

#: Each with the argument that makes it tell its version.
_PROGRAMS = {"redis-server": "--version", "memcached": "--version", "wrk": "-v", "faketime": "--version"}
_PACKAGES = (
    "flask_captcha_api",
    "Flask",
    "Werkzeug",
    "Flask-Caching",
    "cachelib",
    "pillow",
    "gunicorn",
    "redis",
    "pylibmc",
    "python-memcached",
    "pymemcache",
    "hypothesis",
)


def describe_machine() -> str:
    """Describe processor, memory and system in a sentence without its end."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return f"{_processor()}, {cores} cores, {memory:.0f} GiB, {system}, Linux {platform.release()}"


def describe_versions() -> str:
    """Describe programs and packages in a sentence without its end."""
    parts = [f"Python {platform.python_version()}"]
    parts += [f"{name} {_told_by(name, argument)}" for name, argument in _PROGRAMS.items() if which(name)]
    parts += [f"{name} {version(name)}" for name in _PACKAGES if any(distributions(name=name))]
    return ", ".join(parts)


def _processor() -> str:
    names = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return names[0] if names else platform.machine()


def _told_by(program: str, argument: str) -> str:
    told = subprocess.run([program, argument], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    number = re.search(r"\d+\.\d+(\.\d+)?", told.stdout)
    return number[0] if number else "of unknown version"
