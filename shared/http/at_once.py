"""Answers that can be given twice, where all that a request records is one statement. Run by the API of intake."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import Response
from sqlalchemy import Table, Text, bindparam, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert

from shared.db import transaction
from shared.http.answers import IN_FLIGHT, Answer, Once, first_answer, idempotent_answers, kept_answer, respond
from shared.http.service import Resources
from shared.problems import Problem, RequestInFlight
from shared.security import Caller
from shared.statement import Alone, alone, run_alone

Values = Mapping[str, Any]

_ANSWER = ("client", "key", "fingerprint", "answer")
_lock = func.hashtextextended(bindparam("lock", type_=Text), text("0"))
_turn = select(func.pg_try_advisory_xact_lock(_lock).label("free")).cte("turn")
_first = (
    insert(idempotent_answers)
    .from_select(
        _ANSWER,
        select(*(bindparam(name, type_=idempotent_answers.c[name].type) for name in _ANSWER)).where(_turn.c.free),
        include_defaults=False,
    )
    .on_conflict_do_nothing()
    .returning(idempotent_answers.c.client)
    .cte("first")
)


def after_first(rows: Mapping[Table, Sequence[str]]) -> Alone:
    """Return the statement that keeps an answer under its key and, only where it is the first, adds a row a table.

    `rows` gives the columns of each table, whose parameters are named `<table>_<column>`. Run, it tells whether it was
    the first.
    """
    added = [
        insert(table)
        .from_select(
            columns,
            select(*(bindparam(f"{table.name}_{name}", type_=table.c[name].type) for name in columns)).select_from(
                _first
            ),
            include_defaults=False,
        )
        .cte(f"added_{table.name}")
        for table, columns in rows.items()
    ]
    return alone(select(exists(select(_first.c.client))).add_cte(*added))


async def answer_at_once(
    resources: Resources, caller: Caller, once: Once, make: Callable[[], Awaitable[tuple[Answer, Values]]], write: Alone
) -> Response:
    """Do as `answer_once`, in one round trip for a first answer; `write` is made by `after_first`.

    `make` returns the answer and the values of the rows, and only reads. Its `Problem` waits for the key to be looked
    up, since a replay wins.
    """
    refused: Problem
    try:
        once.ticket.check()
        answer, values = await make()
    except Problem as problem:
        refused = problem
    else:
        if await run_alone(resources.db, write, {**kept_answer(resources.vault, caller, once, answer), **values}):
            resources.db.wake()
            return respond(answer)
        refused = RequestInFlight(IN_FLIGHT)
    async with transaction(resources.db) as session:
        first = await first_answer(session, resources.vault, caller, once)
    if first is None:
        raise refused
    return first
