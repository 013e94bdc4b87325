"""Settings by which captchas of every form are offered, also of those that are off by default."""

from typing import Any

#: Of a source.
EVERY_FORM: dict[str, Any] = {"work_alone": 1_000}
#: Of an app, for all of its sources.
EVERY_FORM_OF_APP: dict[str, Any] = {f"CAPTCHA_{name.upper()}": value for name, value in EVERY_FORM.items()}
