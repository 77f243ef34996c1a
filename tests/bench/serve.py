"""The product behind waitress, for the benchmark: prints the port that it serves on."""

import datetime as dt
import os
import sys
from pathlib import Path

from clinic import serving
from config import Config
from tests.bench.browsers import make_app
from tests.bench.moment import start_clock
from tests.bench.sizes import SECRET


def main() -> None:
    start_clock(dt.datetime.fromisoformat(os.environ["BENCH_NOW"]))
    url, data_dir = os.environ["BENCH_URL"], Path(os.environ["BENCH_DATA"])
    app = make_app(url, data_dir)
    free = Config(data_dir=data_dir, database_url=url, secret_key=SECRET, port=0)
    server = serving.bind(app, free)
    sys.stdout.write(f"port {server.effective_port}\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    main()
