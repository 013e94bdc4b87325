"""A configuration file of gunicorn for workers whose clock is libfaketime's.

libfaketime 0.9.10 makes ``clock_nanosleep`` fail, which ``time.sleep`` is made of since Python 3.11, so that gunicorn
could not wait for its workers. How it sleeps is all that this changes.
"""

import select
import time
from typing import SupportsFloat, SupportsIndex


def _sleep(seconds: SupportsFloat | SupportsIndex) -> None:
    select.select((), (), (), float(seconds))


time.sleep = _sleep
