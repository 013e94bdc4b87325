"""The commands ``flask captcha check`` and ``flask captcha sheet``."""

from .commands import commands as commands
