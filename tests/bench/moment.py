"""The benchmark's clock: it starts at the same instant in every run and goes on from there."""

import datetime as dt
import time

from clinic.core import clock
from tests.bench.sizes import NOW


def start_clock(at: dt.datetime = NOW) -> None:
    """Let the whole process live on the benchmark's day, from an instant of it on."""
    begin = time.monotonic()
    clock.now = lambda: at + dt.timedelta(seconds=time.monotonic() - begin)
