"""The benchmark's clock: it starts at the same instant in every run and goes on from there."""

import datetime as dt
import time

from clinic.core import clock
from tests.bench.sizes import NOW


def start_clock() -> None:
    """Let the whole process live on the benchmark's day."""
    begin = time.monotonic()
    clock.now = lambda: NOW + dt.timedelta(seconds=time.monotonic() - begin)
