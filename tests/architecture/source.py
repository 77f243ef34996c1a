"""The project's own files as the architecture tests read them."""

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLINIC = ROOT / "clinic"
TEMPLATES = ROOT / "templates"


@functools.cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def python_files(folder: Path = CLINIC) -> list[Path]:
    """Return the Python files of a folder and all below."""
    return sorted(folder.rglob("*.py"))


def short(path: Path) -> str:
    """Return a path as it is written in this project."""
    return path.relative_to(ROOT).as_posix()


def calls(node: ast.AST) -> Iterator[ast.Call]:
    """Yield every call below a node."""
    return (found for found in ast.walk(node) if isinstance(found, ast.Call))


def called(call: ast.Call) -> str:
    """Return the last name of what is called: `commit` for `db.commit()`."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def view_files() -> list[Path]:
    """Return the files that hold views."""
    return [
        path
        for path in python_files()
        if path.name == "views.py" or path.parent.name == "views" or path.name == "health.py"
    ]


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    """Return a file's functions by name."""
    return {node.name: node for node in tree(path).body if isinstance(node, ast.FunctionDef)}


def route_method(function: ast.FunctionDef) -> str | None:
    """Return "get" or "post" for a view, by its `@bp.get(...)` or `@bp.post(...)`; else None."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and called(decorator) in {"get", "post"}:
            return called(decorator)
    return None


def tracked_files() -> list[Path]:
    """Return the files of the repository, new ones included, ignored ones not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
