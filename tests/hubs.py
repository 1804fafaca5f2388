"""Hubs and directories that somebody got wrong: every part of a tree dropped, emptied, doubled or of another kind."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

Path = tuple[str | int, ...]
WRONG: tuple[Any, ...] = (None, "", "a\nb", -1, 10**12, True, [], ["?"], {"?": None})
DROP, DOUBLE = object(), object()


def mutations(tree: Any) -> Iterator[tuple[Path, Any]]:
    """Yield each place of a tree with the tree as it is after one change there."""
    for path, value in _places(tree, ()):
        changes = [DROP, *WRONG] + [DOUBLE] * (isinstance(value, list) and bool(value))
        for change in changes:
            if change is DROP or change is DOUBLE or change != value or type(change) is not type(value):
                yield path, changed(tree, path, change)


def changed(tree: Any, path: Path, change: Any) -> Any:
    """Return a copy of the tree with one place changed."""
    copy = deepcopy(tree)
    around = copy
    for step in path[:-1]:
        around = around[step]
    match change:
        case _ if change is DROP:
            del around[path[-1]]
        case _ if change is DOUBLE:
            around[path[-1]].append(deepcopy(around[path[-1]][0]))
        case _:
            around[path[-1]] = deepcopy(change)
    return copy


def _places(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from _places(item, (*path, name))
