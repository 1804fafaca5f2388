"""The table that `frontdoor demo --month` prints."""

from collections.abc import Iterator

from services.cli.month.figures import Month

WIDTH = 52


def lines_of(month: Month) -> Iterator[str]:
    """Yield the table line by line: each figure with its share of the whole of its section."""
    yield f"{'Contacts':{WIDTH}}{month.contacts:>8,}"
    for title, figures in month.sections.items():
        yield ""
        yield title
        for figure in figures:
            share = "" if figure.share is None else f"{figure.share:>10.1%}"
            yield f"  {figure.name:{WIDTH - 2}}{figure.count:>8,}{share}"
