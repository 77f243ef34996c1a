"""SMS leave as the documented JSON over HTTP, or into a file; redirects are not followed."""

import json
import stat
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from clinic.messages import carriers
from clinic.messages.models import MessageSettings
from clinic.messages.values import Letter, Outcome, SmsWay

pytestmark = pytest.mark.once
LETTER = Letter(to="+4930111", subject="not sent", text="Ihr Termin: 14:00 ✓", key="abc-1")


class Provider(BaseHTTPRequestHandler):
    """Answers what the test says, and keeps what came."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.came.append((self.path, dict(self.headers), self.rfile.read(length)))
        if self.server.answer == 0:
            return  # hangs up without a word
        self.send_response(self.server.answer)
        if self.server.answer == 302:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.end_headers()

    def log_message(self, *_args) -> None:
        pass


@pytest.fixture
def provider():
    server = HTTPServer(("127.0.0.1", 0), Provider)
    server.came, server.answer = [], 200
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def way(url: str, tmp_path, how=SmsWay.HTTP, *, is_testing=True):
    row = MessageSettings(location_id=1, sms_way=how, sms_url=url, sms_sender="Clinic")
    return carriers.sms(row, "t0ken", folder=tmp_path, is_testing=is_testing)


def test_an_sms_is_the_documented_json(provider, tmp_path):
    carry = way(f"http://127.0.0.1:{provider.server_port}/v1/messages?region=eu", tmp_path)

    assert carry(LETTER).outcome is Outcome.TAKEN
    ((path, headers, body),) = provider.came
    assert path == "/v1/messages?region=eu"
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Idempotency-Key"] == "abc-1"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "to": "+4930111",
        "from": "Clinic",
        "text": "Ihr Termin: 14:00 ✓",
        "key": "abc-1",
    }


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (201, Outcome.TAKEN),
        (302, Outcome.REFUSED),
        (400, Outcome.REFUSED),
        (401, Outcome.REFUSED),
        (429, Outcome.LATER),
        (503, Outcome.LATER),
        (500, Outcome.UNKNOWN),
        (0, Outcome.UNKNOWN),
    ],
)
def test_each_answer_of_a_provider_says_what_is_known(provider, tmp_path, status, outcome):
    provider.answer = status
    carry = way(f"http://127.0.0.1:{provider.server_port}/", tmp_path)

    handed = carry(LETTER)
    assert handed.outcome is outcome
    assert "t0ken" not in handed.reason
    assert len(provider.came) == 1, "a redirect is not followed"


def test_a_provider_that_is_not_there_is_tried_again(tmp_path):
    assert way("http://127.0.0.1:1/", tmp_path)(LETTER).outcome is Outcome.LATER


def test_plain_http_is_not_spoken_outside_of_tests(provider, tmp_path):
    carry = way(f"http://127.0.0.1:{provider.server_port}/", tmp_path, is_testing=False)

    assert carry(LETTER).outcome is Outcome.REFUSED
    assert provider.came == []


def test_a_file_takes_sms_for_trying(tmp_path):
    carry = way("", tmp_path, SmsWay.FILE)
    assert carry(LETTER).outcome is Outcome.TAKEN
    carry(LETTER)

    path = tmp_path / "sms-outbox.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["text"] for line in lines] == [LETTER.text] * 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
