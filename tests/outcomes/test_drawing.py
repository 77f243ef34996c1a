"""The program that draws pictures: few at once, shut in, ended when slow, and honest about it."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from clinic.core.errors import Invalid
from clinic.outcomes import drawing, pictures
from tests.outcomes.conftest import as_file, dots, rotated

pytestmark = [pytest.mark.once]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def slow(monkeypatch):
    """Hold whoever draws until told; returns what starts one, what waits for it, and what frees."""
    go_on, inside = threading.Event(), threading.Semaphore(0)
    redraw, workers = pictures._redrawn, []

    def slowly(raw: bytes) -> pictures.Picture:
        inside.release()
        go_on.wait(60)
        return redraw(raw)

    def start() -> None:
        worker = threading.Thread(target=pictures.redrawn, args=(as_file(dots()),))
        worker.start()
        workers.append(worker)

    monkeypatch.setattr(pictures, "_redrawn", slowly)
    yield start, inside
    go_on.set()
    for worker in workers:
        worker.join()
    assert pictures.redrawn(as_file(dots())).width == 400


def test_no_more_than_two_are_drawn_at_once(slow, monkeypatch):
    """A third waits, and is refused when the two take too long."""
    monkeypatch.setattr(pictures, "WAIT_S", 0.05)
    start, inside = slow
    for _ in range(2):
        start()
        assert inside.acquire(timeout=10)

    with pytest.raises(pictures.Busy):
        pictures.redrawn(as_file(dots()))


def test_no_more_than_two_wait(slow, monkeypatch):
    """A fifth is told at once: whoever opens a page must not wait for pictures."""
    monkeypatch.setattr(pictures, "WAIT_S", 60)
    start, inside = slow
    for _ in range(2):
        start()
        assert inside.acquire(timeout=10)
    for _ in range(2):
        start()
    while pictures._QUEUE._value:
        time.sleep(0.01)

    begun = time.monotonic()
    with pytest.raises(pictures.Busy):
        pictures.redrawn(as_file(dots()))
    assert time.monotonic() - begun < pictures.WAIT_S / 2


MEASURE = """
import resource, sys, threading
from clinic.outcomes import pictures
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
raw = sys.stdin.buffer.read()
drawing = [threading.Thread(target=pictures.redrawn, args=(raw,)) for _ in range(2)]
for one in drawing:
    one.start()
for one in drawing:
    one.join()
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.parametrize("mode", ["RGBA", "I;16", "RGB"])
def test_the_largest_picture_takes_no_memory_of_the_server_and_little_of_the_machine(mode):
    """In the server itself, one such picture once took 630 MB (FI-02)."""
    image = Image.new(mode, (8_000, 5_000))
    kind = "JPEG" if mode == "RGB" else "PNG"
    raw = as_file(image, kind, exif=rotated(6), **({"progressive": True} if kind == "JPEG" else {}))
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE], input=raw, cwd=ROOT, stdout=subprocess.PIPE, check=True
    )

    own, most = (int(kilobytes) // 1024 for kilobytes in measured.stdout.split())
    assert own < 64
    assert 100 < most <= drawing.MOST_MEMORY // 1024**2


SHUT_IN = f"""
import importlib.util, os, sys
found = importlib.util.spec_from_file_location("drawing", {drawing.__file__!r})
drawing = importlib.util.module_from_spec(found)
found.loader.exec_module(drawing)
drawing._shut_in()
def tried(act):
    try:
        act()
    except (OSError, MemoryError) as failure:
        return type(failure).__name__
print(tried(lambda: open("/etc/hostname")), tried(lambda: bytearray(600_000_000)))
"""


def test_who_takes_the_drawing_program_over_has_no_file_and_little_memory():
    ended = subprocess.run(
        [sys.executable, "-I", "-c", SHUT_IN], capture_output=True, text=True, check=True
    )

    assert ended.stdout == "OSError MemoryError\n"


def test_the_drawing_program_is_not_told_the_clinics_secrets(monkeypatch, tmp_path):
    spy = tmp_path / "spy.py"
    spy.write_text("import os, sys\nsys.exit(10 if 'SECRET_KEY' in os.environ else 12)\n")
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    monkeypatch.setattr(drawing, "__file__", str(spy))

    with pytest.raises(Invalid) as refused:
        pictures.redrawn(as_file(dots()))
    assert refused.value.message == pictures.TOO_SMALL


def test_a_machine_with_lower_limits_of_its_own_draws_all_the_same():
    """A hard limit cannot be raised: every picture was called broken then."""
    lowered = f"""import resource, runpy
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
runpy.run_path({drawing.__file__!r}, run_name="__main__")"""
    command = [sys.executable, "-I", "-c", lowered]
    ended = subprocess.run(command, input=as_file(dots()), stdout=subprocess.PIPE, check=True)

    assert ended.stdout[drawing.HEAD.size :].startswith(b"\xff\xd8")


def test_a_machine_that_can_start_no_more_programs_says_to_send_it_again(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))

    with pytest.raises(pictures.Busy):
        pictures.redrawn(as_file(dots()))


def test_what_takes_too_long_is_ended_and_said(monkeypatch, tmp_path):
    spy = tmp_path / "spy.py"
    spy.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(drawing, "__file__", str(spy))
    monkeypatch.setattr(drawing, "MOST_SECONDS", 0.5)

    with pytest.raises(pictures.Busy) as refused:
        pictures.redrawn(as_file(dots()))
    assert refused.value.message == pictures.SLOW


def test_a_drawing_program_that_was_killed_says_nothing_bad_of_the_picture(monkeypatch, tmp_path):
    spy = tmp_path / "spy.py"
    spy.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    monkeypatch.setattr(drawing, "__file__", str(spy))

    with pytest.raises(pictures.Busy) as refused:
        pictures.redrawn(as_file(dots()))
    assert refused.value.message == pictures.SLOW
