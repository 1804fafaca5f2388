"""Tables of the pages as files to download."""

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response


def as_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows(rows)
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8")
