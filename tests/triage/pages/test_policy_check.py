"""Trying facts against the policy in force."""

from typing import Any

import pytest
from sqlalchemy import func, select

from services.triage.models import Assessment, Case
from services.triage.pages.form import Form
from services.triage.pages.policy_check import tried_of
from shared.audit import audit_rows
from shared.db import transaction
from tests.triage.conftest import Front
from tests.triage.pages.browsing import Browser
from tests.triage.pages.conftest import SignIn

PATH = "/desk/policy/check"
BY_HAND = {"years": "16", "facts-immediate_danger": "false", "status-homelessness": "present"}


async def tried(browser: Browser, **chosen: str) -> str:
    await browser.open(PATH)
    reply = await browser.send(PATH, **chosen)
    assert reply.status_code == 200, browser.text
    return browser.text


@pytest.mark.parametrize("persona", ["screener", "auditor", "admin"])
async def test_everybody_may_try_the_policy(as_persona: SignIn, persona: str) -> None:
    """Level, colour, route, the rule with its paragraph, and what would change it."""
    browser = await as_persona(persona)
    await browser.open("/desk/policy")
    assert f'href="{PATH}"' in browser.page.text
    said = await tried(browser, **BY_HAND)
    for words in (
        "Level 4",
        "Amber",
        "Section 17 assessment",
        "rule HOME-01",
        "Paragraph",
        "It would wait for a person",
    ):
        assert words in said, words


async def test_what_is_missing_would_change_it(as_persona: SignIn) -> None:
    """Where danger is left open the receipt asks, and says what an answer would do."""
    browser = await as_persona("screener")
    said = await tried(browser, **{"status-low_mood_or_anxiety": "present"})
    assert "What would change it" in said
    assert "Is a child in danger now? If yes: level 4, red." in said
    assert "could take it to level 4, red" in said


async def test_help_at_once_needs_agreement_and_no_danger(as_persona: SignIn) -> None:
    """The page says where the policy would let early help be offered without waiting."""
    browser = await as_persona("manager")
    agreed = {
        "years": "7",
        "facts-immediate_danger": "false",
        "facts-agreement_position": "given",
        "facts-agreement_by_holder_of_responsibility": "true",
        "status-low_mood_or_anxiety": "present",
    }
    assert "Early help would be offered at once" in await tried(browser, **agreed)
    assert "It would wait for a person" in await tried(browser, **{**agreed, "facts-previous_contacts_90_days": "2"})


async def test_what_comes_together_is_derived(as_persona: SignIn) -> None:
    """Two kinds of trouble in one household count as such without being counted by hand."""
    browser = await as_persona("screener")
    alone = await tried(browser, **{"status-parental_mental_health_mild": "present"})
    assert "level 2, family hub" in alone
    together = {"status-parental_mental_health_mild": "present", "status-parental_substance_misuse": "present"}
    assert "How many of domestic abuse" in await tried(browser, **together)


async def test_mistakes_keep_what_was_chosen(as_persona: SignIn) -> None:
    """A number out of its bounds is named beside its field; codes that there are not are refused."""
    browser = await as_persona("screener")
    await browser.open(PATH)
    reply = await browser.send(PATH, **{**BY_HAND, "years": "<b>90", "facts-previous_contacts_90_days": "1001"})
    assert reply.status_code == 422
    for field in ("facts-child_age_months", "facts-previous_contacts_90_days"):
        assert f'href="#{field}"' in reply.text
        assert f'id="{field}-error"' in reply.text
    assert "<b>" not in reply.text
    (form,) = [form for form in browser.forms if form.action == PATH]
    assert form.fields["status-homelessness"] == ["present"]
    for wrong in ({"status-no_such_sign": "present"}, {"status-homelessness": "maybe"}, {"facts-nothing": "1"}):
        await browser.open(PATH)
        assert (await browser.send(PATH, **wrong)).status_code == 422


async def test_nothing_of_it_is_kept(front: Front, as_persona: SignIn) -> None:
    """No case, no assessment and no audit row comes of trying."""

    async def rows() -> list[Any]:
        async with transaction(front.db) as session:
            tables = (Case.id, Assessment.id, audit_rows.c.position)
            return [await session.scalar(select(func.count(column))) for column in tables]

    browser = await as_persona("screener")
    before = await rows()
    await tried(browser, **BY_HAND)
    assert await rows() == before


@pytest.mark.parametrize(
    ("typed", "months"),
    [
        ({"years": "2"}, 24),
        ({"years": "1", "facts-child_age_months": "5"}, 17),
        ({"facts-child_age_months": "5"}, 5),
        ({"facts-unborn": "true"}, 0),
        ({}, None),
        ({"years": "two"}, "two"),
        ({"years": "2", "facts-child_age_months": "half"}, "half"),
    ],
)
def test_years_and_months_are_one_age(typed: dict[str, str], months: int | str | None) -> None:
    """Either may be empty, and an unborn child's is none; what is no number is left to be refused."""
    read = tried_of(Form({name: [value] for name, value in typed.items()}))
    assert read["facts"].get("child_age_months") == months
