"""The icons of the pages: one SVG sprite, cut out of the lucide wheel when the app starts.

A name that is not listed here cannot be drawn, so a misspelt icon fails in the first test that
renders its page. To use a new one, add its lucide name (https://lucide.dev) to ICONS.
"""

import importlib.util
import re
import zipfile
from pathlib import Path

ICONS = frozenset(
    [
        "activity",
        "arrow-left",
        "arrow-right",
        "ban",
        "bell",
        "bell-off",
        "bookmark",
        "building-2",
        "calendar-check",
        "calendar-clock",
        "calendar-days",
        "calendar-plus",
        "calendar-range",
        "calendar-x",
        "camera",
        "chart-line",
        "check",
        "chevron-down",
        "chevron-left",
        "chevron-right",
        "chevron-up",
        "chevrons-left-right",
        "circle-check",
        "circle-dashed",
        "circle-dot",
        "circle-play",
        "circle-question-mark",
        "circle-user-round",
        "circle-x",
        "clipboard-check",
        "clipboard-list",
        "clock",
        "columns-2",
        "copy",
        "crosshair",
        "door-open",
        "download",
        "droplet",
        "ellipsis",
        "ellipsis-vertical",
        "external-link",
        "eye",
        "eye-off",
        "file-plus",
        "file-text",
        "flag",
        "flask-conical",
        "funnel",
        "git-merge",
        "grip-vertical",
        "hand",
        "heart-pulse",
        "history",
        "hourglass",
        "house",
        "id-card",
        "images",
        "info",
        "key-round",
        "keyboard",
        "languages",
        "layers",
        "link",
        "list",
        "list-checks",
        "list-plus",
        "lock",
        "lock-open",
        "log-in",
        "log-out",
        "mail",
        "map-pin",
        "menu",
        "message-square",
        "minus",
        "moon",
        "notebook-pen",
        "octagon-alert",
        "octagon-x",
        "package",
        "package-plus",
        "pencil",
        "phone",
        "phone-call",
        "phone-missed",
        "pill",
        "plus",
        "printer",
        "refresh-cw",
        "rotate-ccw",
        "save",
        "scan-search",
        "scissors",
        "search",
        "send",
        "settings",
        "shield",
        "shield-alert",
        "shield-ban",
        "shield-check",
        "shield-question-mark",
        "shield-user",
        "sparkles",
        "square",
        "square-check",
        "star",
        "stethoscope",
        "sun",
        "sun-moon",
        "syringe",
        "tablet",
        "tag",
        "test-tube",
        "thermometer",
        "timer",
        "trash-2",
        "triangle-alert",
        "truck",
        "undo-2",
        "upload",
        "user",
        "user-check",
        "user-cog",
        "user-plus",
        "user-round",
        "user-x",
        "users",
        "wifi-off",
        "x",
        "zap",
    ]
)

_INSIDE = re.compile(r"^.*?<svg[^>]*>|</svg>\s*$", re.DOTALL)


def archive() -> Path:
    """Return the path of the lucide wheel's zip of drawings, without importing the package."""
    spec = importlib.util.find_spec("lucide")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package lucide is missing: pip install -r requirements.txt")
    return Path(spec.origin).with_name("lucide.zip")


def sprite() -> str:
    """Return one SVG with a symbol for every icon of ICONS; its id is the icon's name."""
    symbols = []
    with zipfile.ZipFile(archive()) as drawings:
        for name in sorted(ICONS):
            body = _INSIDE.sub("", drawings.read(f"{name}.svg").decode())
            symbols.append(
                f'<symbol id="{name}" viewBox="0 0 24 24">{" ".join(body.split())}</symbol>'
            )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'
