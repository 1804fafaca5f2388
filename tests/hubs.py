"""Hubs and directories that somebody got wrong: every part of a tree dropped, emptied, doubled or of another kind."""

from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]
WRONG: tuple[Any, ...] = (None, "", "a\nb", "12", -1, 10**12, True, "2026-02-30", [], ["?"], {}, {"?": None})
DROP, DOUBLE = object(), object()


def mutations(tree: Any) -> Iterator[tuple[Path, Any]]:
    """Yield each place of a tree with each change there that makes a difference."""
    for path, value in _places(tree, ()):
        for change in (DROP, *WRONG, *[DOUBLE] * (isinstance(value, list) and bool(value))):
            if change != value or type(change) is not type(value):
                yield path, change


def changed(tree: Any, path: Path, change: Any) -> Any:
    """Return the tree with one place changed; what lies elsewhere is shared with the first."""
    step, *rest = path
    copy = tree.copy()
    if rest:
        copy[step] = changed(copy[step], tuple(rest), change)
    elif change is DROP:
        del copy[step]
    elif change is DOUBLE:
        copy[step] = [*copy[step], copy[step][0]]
    else:
        copy[step] = change
    return copy


def _places(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from _places(item, (*path, name))
