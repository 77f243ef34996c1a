"""What the server does before the application sees a request."""

import signal
import socket
import stat
import tempfile
import threading
from pathlib import Path

import pytest
from flask import Flask, request

from clinic import serving
from clinic.core import migrate
from clinic.core.engine import make_engine
from clinic.serving import CannotServe
from clinic.web import uploads
from config import Config
from tests.conftest import SECRET


def settings(folder: Path, **changes) -> Config:
    # Port 0: any that is free.
    fields = {"data_dir": folder, "database_url": "", "secret_key": SECRET, "port": 0, **changes}
    return Config(**fields)


def echoing() -> Flask:
    """An application that says how much came."""
    app = Flask("served")
    app.secret_key = SECRET

    @app.route("/", methods=["GET", "POST"])
    def echo():
        return f"{len(request.get_data())} {request.headers.get('X-Forwarded-For', 'direct')}"

    @app.post("/pictures/<number>")
    def pictures(number):
        return echo()

    return app


@pytest.fixture
def served(tmp_path):
    """Serve a small application; call it with raw text to get the raw answer."""
    app = echoing()
    servers, is_over = [], threading.Event()

    def run(server):
        try:
            server.run()
        except OSError:
            # Closed while it waited for somebody to call.
            if not is_over.is_set():
                raise

    def start(**changes):
        server = serving.bind(app, settings(tmp_path, **changes))
        servers.append(server)
        threading.Thread(target=run, args=(server,), daemon=True).start()

        def send(raw: str) -> str:
            with socket.create_connection(
                (serving.HOST, server.effective_port), timeout=10
            ) as line:
                line.sendall(raw.replace("\n", "\r\n").encode())
                answer = b""
                while part := line.recv(65536):
                    answer += part
            return answer.decode()

        return send

    yield start
    is_over.set()
    for server in servers:
        server.task_dispatcher.shutdown()
        server.close()


def test_an_answer_does_not_say_what_serves(served):
    answer = served()("GET / HTTP/1.1\nHost: x\nConnection: close\n\n")

    assert answer.startswith("HTTP/1.1 200")
    assert "Server:" not in answer
    assert "waitress" not in answer


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 4\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\nContent-Length: 0",
        "Content-Length: 4\nContent-Length: 4",
        "Content-Length: 4\nContent-Length: 0",
        "Content-Length: +4",
        "Host: y\nContent-Length: 0",
    ],
)
def test_a_request_whose_length_or_host_is_told_twice_is_refused(served, head):
    answer = served()(f"POST / HTTP/1.1\nHost: x\nConnection: close\n{head}\n\n0\n\n")

    assert answer.split()[1] == "400"
    assert answer.count("HTTP/1.") == 1


def test_one_length_is_fine(served):
    answer = served()("POST / HTTP/1.1\nHost: x\nConnection: close\nContent-Length: 4\n\nabcd")

    assert answer.startswith("HTTP/1.1 200")
    assert "4 direct" in answer


def test_what_does_not_fit_the_memory_passes_through_the_clinics_own_folder(tmp_path, monkeypatch):
    """Not through one that all the machine's programs share: it may hold pictures of patients."""
    monkeypatch.setattr(tempfile, "tempdir", None)  # put back afterwards
    before, served = signal.getsignal(signal.SIGTERM), []

    class Server:
        effective_port = 1

        def run(self) -> None:
            with tempfile.TemporaryFile():
                served.append(Path(tempfile.gettempdir()))

    try:
        for _ in range(2):
            serving.run(Server(), settings(tmp_path), ready=str)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert set(served) == {tmp_path / "passing"}
    assert stat.S_IMODE(served[0].stat().st_mode) == 0o700
    assert list(served[0].iterdir()) == []


MB = 1024 * 1024


def sealed(number: int = 1, *, secret: str = SECRET) -> str:
    app = echoing()
    app.secret_key = secret
    with app.test_request_context():
        return uploads.address("pictures", 7, number=number)


def forged() -> dict[str, str]:
    """Addresses that no page of ours has given out."""
    good = sealed()
    return {
        "none": "/pictures/1",
        "made up": "/pictures/1?files=x",
        "of another clinic": sealed(secret="y" * 48),
        "of another patient": good.replace("/pictures/1", "/pictures/2"),
        "twice": f"{good}&files=x",
        "an odd one": "/pictures/1?files=%ff%00&files",
    }


@pytest.mark.parametrize("which", forged())
def test_nobodys_large_body_is_not_even_read(served, which):
    """The answer comes before a byte of the body was sent."""
    send = served()
    head = f"POST {forged()[which]} HTTP/1.1\nHost: x\nConnection: close\n"

    for size in (3 * MB, 25 * MB, 10**15):
        answer = send(f"{head}Content-Length: {size}\n\n")
        assert answer.split()[1] == "413", size
        assert serving.TOO_LARGE in answer


def test_nobodys_large_body_in_pieces_is_cut_off(served):
    pieces = f"{MB:x}\n{'y' * MB}\n" * 2
    answer = served()(f"POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n{pieces}")

    assert answer.split()[1] == "413"


@pytest.mark.parametrize("is_in_pieces", [False, True])
def test_a_form_with_files_is_taken_at_its_sealed_address_up_to_its_limit(served, is_in_pieces):
    send = served()
    head = f"POST {sealed()} HTTP/1.1\nHost: x\nConnection: close\n"

    def answer(size: int) -> str:
        if is_in_pieces:
            piece = f"{MB:x}\n{'y' * MB}\n"
            return send(f"{head}Transfer-Encoding: chunked\n\n{piece * (size // MB)}0\n\n")
        return send(f"{head}Content-Length: {size}\n\n{'y' * size}")

    assert answer(24 * MB).endswith(f"{24 * MB} direct")
    if is_in_pieces:
        assert answer(26 * MB).split()[1] == "413"
    else:
        assert send(f"{head}Content-Length: {26 * MB}\n\n").split()[1] == "413"


def test_a_seal_lasts_for_the_longest_session_and_no_longer(monkeypatch):
    path, query = sealed().split("?")

    assert uploads.is_sealed(SECRET, path, query)
    monkeypatch.setattr(uploads, "LASTS_S", -1)
    assert not uploads.is_sealed(SECRET, path, query)


@pytest.mark.parametrize(("proxies", "seen"), [(0, "direct"), (1, "9.9.9.9")])
def test_what_a_proxy_says_is_believed_only_when_there_is_one(served, proxies, seen):
    answer = served(proxies=proxies)(
        "GET / HTTP/1.1\nHost: x\nX-Forwarded-For: 9.9.9.9\nConnection: close\n\n"
    )

    assert answer.endswith(f"0 {seen}")


def test_a_port_that_is_taken_is_said_in_words(tmp_path):
    with socket.create_server((serving.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe, match="CLINIC_PORT"):
            serving.bind(Flask("second"), settings(tmp_path, port=port))


def test_a_debugger_is_never_served(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'c.sqlite3'}"
    migrate.upgrade(url)
    engine = make_engine(url)
    serving.check(engine)
    monkeypatch.setenv("FLASK_DEBUG", "1")

    with pytest.raises(CannotServe, match="FLASK_DEBUG"):
        serving.check(engine)
    engine.dispose()


def test_a_database_that_does_not_answer_is_said_without_its_password(tmp_path):
    engine = make_engine("postgresql+psycopg://clinic:hush@127.0.0.1:1/none")

    with pytest.raises(CannotServe, match="cannot be reached") as refused:
        serving.check(engine)

    assert "hush" not in str(refused.value)
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(tmp_path):
    url = f"sqlite:///{tmp_path / 'c.sqlite3'}"
    migrate.upgrade(url)
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '20991231_later'")

    with pytest.raises(CannotServe, match="newer"):
        serving.check(engine)
    engine.dispose()
