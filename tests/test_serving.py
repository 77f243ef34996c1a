"""What the server does before the application sees a request."""

import socket
import threading
from pathlib import Path

import pytest
from flask import Flask, request

from clinic import serving
from clinic.core import migrate
from clinic.core.engine import make_engine
from clinic.serving import CannotServe
from config import Config
from tests.conftest import SECRET


def settings(folder: Path, **changes) -> Config:
    # Port 0: any that is free.
    fields = {"data_dir": folder, "database_url": "", "secret_key": SECRET, "port": 0, **changes}
    return Config(**fields)


@pytest.fixture
def served(tmp_path):
    """Serve a small application; call it with raw bytes to get the raw answer."""
    app = Flask("served")

    @app.route("/", methods=["GET", "POST"])
    def echo():
        return f"{len(request.get_data())} {request.headers.get('X-Forwarded-For', 'direct')}"

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
