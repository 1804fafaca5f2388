"""Documents that are not refused for their content: who asked for that, and when it holds unasked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from shared.http.answers import Key, Once, read_keyed
from shared.http.limits import charge, take
from shared.http.mending import mend_json
from shared.http.strict import Body, parse_json
from shared.problems import BadRequest
from shared.text import line

PREFERENCE = "handling=lenient"
APPLIED: dict[str, Any] = {
    "headers": {"Preference-Applied": {"description": f"`{PREFERENCE}`, if preferred.", "schema": {"type": "string"}}}
}
"""The `responses` of a route say so of the answer that it gives."""


@dataclass(frozen=True)
class Document:
    """A parsed body that may be read leniently, whether that was preferred, and what strict reading refuses of it.

    `as_sent` is the body itself, for where something of it is not understood.
    """

    content: Any
    preferred: bool = False
    refused: BadRequest | None = None
    replaced: Sequence[str] = ()
    as_sent: bytes = b""

    def is_lenient(self, *, danger: bool, enough: bool) -> bool:
        """Tell whether to read leniently: in danger or where preferred, if the document says `enough`.

        Raises `BadRequest` where that is not so and strict reading refuses.
        """
        lenient = enough and (danger or self.preferred)
        if self.refused is not None and not lenient:
            raise self.refused
        return lenient

    @property
    def headers(self) -> dict[str, str]:
        return {"Preference-Applied": PREFERENCE} if self.preferred else {}


Prefer = Annotated[
    str | None,
    Header(description="`handling=lenient`: keep what does not fit, and say so, instead of refusing (RFC 7240)."),
]


async def read_once_leniently(request: Request, key: Key = None, prefer: Prefer = None) -> Once:
    """Return the request as `read_once` does; its document is a `Document`."""
    del prefer
    once = await read_keyed(request, key, lambda body: _parse(request, body))
    return replace(once, ticket=await take(request, in_danger=_says_danger(once.document.content)))


async def read_leniently(request: Request, body: Body, prefer: Prefer = None) -> Document:
    del prefer
    document = _parse(request, body) if body else Document({})
    await charge(request)
    return document


OnceLenient = Annotated[Once, Depends(read_once_leniently)]
LenientBody = Annotated[Document, Depends(read_leniently)]


def _parse(request: Request, body: bytes) -> Document:
    preferred = _prefers_lenient(request.headers.getlist("prefer"))
    try:
        return Document(parse_json(body), preferred, as_sent=body)
    except BadRequest as refused:
        mended = mend_json(body, refused)
        return Document(mended.document, preferred, refused, mended.replaced, body)


def _prefers_lenient(headers: list[str]) -> bool:
    """Tell whether `Prefer: handling=lenient` was sent (RFC 7240); the first `handling` counts."""
    preferences = (one.partition(";")[0] for header in headers for one in header.split(","))
    pairs = (one.partition("=") for one in preferences)
    handling = (value.strip().strip('"').lower() for name, _, value in pairs if name.strip().lower() == "handling")
    return next(handling, "") == "lenient"


def danger_ruled_out(document: Any) -> bool:
    """Tell whether a document says that no child is in danger; silence, and what can't be read, rule nothing out."""
    return _danger_in(document) == "no"


def _says_danger(document: Any) -> bool:
    """Tell whether a document says that a child is in danger, for which there is an allowance of its own."""
    danger = _danger_in(document)
    return isinstance(danger, str) and line(danger) == "yes"


def _danger_in(document: Any) -> object:
    concern = document.get("concern") if isinstance(document, dict) else None
    return concern.get("immediate_danger") if isinstance(concern, dict) else None


def says_something(value: Any) -> bool:
    """Tell whether there is any content in a value: a text that is not blank, a number, or yes."""
    match value:
        case dict():
            return any(says_something(item) for item in value.values())
        case list():
            return any(says_something(item) for item in value)
        case str():
            return bool(value.strip())
        case _:
            return value is not None and value is not False


def tells_of_a_child(content: Any) -> bool:
    """Tell whether a document has the least that is taken: a child with any content, or a story, if need be alone."""
    if not isinstance(content, Mapping):
        return False
    concern = content.get("concern")
    parts = [content, *(concern if isinstance(concern, list) else [concern])]
    stories = [part.get("what_happened") for part in parts if isinstance(part, Mapping)]
    stories += [part for part in parts if isinstance(part, str)]
    return says_something([content.get("children"), *stories])
