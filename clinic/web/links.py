"""Addresses that come with a request, to go on to afterwards: only paths of this site."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

_OWN = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\#]*")
LONGEST = 2000


def own_path(target: str | None) -> str | None:
    """Return the target when it is a path on this site, else None: no other host, no scheme."""
    if target is None or len(target) > LONGEST or not _OWN.fullmatch(target):
        return None
    return target


def with_values(path: str, **values: object) -> str:
    """Return an own path with these query parameters, in place of those of the same name."""
    parts = urlsplit(path)
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name not in values
    ]
    query = urlencode([*kept, *((name, str(value)) for name, value in values.items())])
    return f"{parts.path}?{query}" if query else parts.path
