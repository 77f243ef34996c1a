"""How large a form may be: 2 MiB, unless its view says that it takes files."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, request

View = TypeVar("View", bound=Callable[..., Any])


def takes_files(most_bytes: int) -> Callable[[View], View]:
    """Let a view take a form of so many bytes."""

    def declare(view: View) -> View:
        view.__dict__["_most_bytes"] = most_bytes
        return view

    return declare


def init_app(app: Flask) -> None:
    """Set the limit before anything reads the form; files beyond half a megabyte go to the disk."""

    @app.before_request
    def _limit() -> None:
        view = app.view_functions.get(request.endpoint or "")
        most = getattr(view, "_most_bytes", None)
        if most is not None:
            request.max_content_length = most
