"""A server in a process of its own, which a test may kill: database, data folder, port."""

import os
import sys
from pathlib import Path

from waitress import serve

from clinic.app import create_app
from clinic.audit.service import chain_key
from clinic.core import clock
from clinic.core.engine import Sessions, make_engine
from config import Config
from tests.conftest import NOW


def main() -> None:
    """Serve until somebody ends it; the clock stands where the demo was made."""
    database, folder, port = sys.argv[1:]
    clock.now = lambda: NOW
    secret = os.environ["SECRET_KEY"]
    sessions = Sessions(make_engine(f"sqlite:///{database}"), info={"audit_key": chain_key(secret)})
    config = Config(data_dir=Path(folder), database_url="", secret_key=secret)
    serve(create_app(config, sessions=sessions), host="127.0.0.1", port=int(port), threads=4)


if __name__ == "__main__":
    main()
