"""Charts, their tables and their CSVs: the same numbers, and none of them small."""

import csv
import re
from typing import Any

import pytest

from services.triage.pages import early_help, oversight
from services.triage.pages.charts import Caption, Chart, Share, named
from services.triage.queries.tables import Table, exact_table, told_table
from tests.triage.conftest import Front, example
from tests.triage.counting import DAY, NOW, add_cases, add_offers, add_steps, add_unmet
from tests.triage.pages.conftest import SignIn


@pytest.mark.parametrize(
    ("numbers", "share"), [((5, 15), "25 %"), ((None, 15), "not told"), ((0, 9), "0 %"), ((0, 0), "none")]
)
def test_a_share_is_of_numbers_that_are_told(numbers: tuple[int | None, int], share: str) -> None:
    """It is in whole percent, and there is none of nothing."""
    assert Share("Share", ("a",), ("a", "b")).of(dict(zip("ab", numbers, strict=True))) == share


def chart_of(table: Table) -> Chart:
    series = {name: name for name in table.series}
    return Chart("some", Caption("Some", "Row", series, named({})), table, None)  # type: ignore[arg-type]


def test_bars_are_drawn_to_one_scale() -> None:
    """The longest fills the width; what is not told is the rest of a told total, or as wide as any other."""
    told = chart_of(exact_table(("a", "b"), {"x": [10, 30], "y": [20, 0]}))
    assert [[(part.begins, part.width) for part in parts] for _, _, parts in told.bars()] == [
        [(0.0, 25.0), (25.0, 75.0)],
        [(0.0, 50.0)],
    ]
    hidden = chart_of(told_table(("a", "b"), {"x": [3, 197], "y": [40, 60], "z": [2, 0]}))
    assert [[(part.begins, part.width, part.number) for part in parts] for _, _, parts in hidden.bars()] == [
        [(0.0, 100.0, None)],
        [(0.0, 4.0, None)],
        [(0.0, 4.0, None)],
    ]


def table_of(page: str, title: str) -> list[list[str]]:
    """Return the rows of the table with this caption as a reader sees them."""
    _, _, after = page.partition(f'<caption class="govuk-visually-hidden">{title}</caption>')
    inside, _, _ = after.partition("</table>")
    rows = re.findall(r"<tr.*?</tr>", inside, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


@pytest.mark.parametrize(("path", "room"), [("/desk/oversight", oversight), ("/desk/early-help", early_help)])
async def test_every_csv_equals_its_table(front: Front, as_persona: SignIn, path: str, room: Any) -> None:
    """Headings, names and numbers are the same, and neither has a number under five that is counted of children."""
    await add_cases(front, 9, decided_at=NOW, decided_level=4)
    late = await add_cases(front, 3, source="6", received_at=NOW - 9 * DAY, status="unassigned")
    await add_steps(front, late, "case.opened", NOW - 9 * DAY)
    await add_offers(front, 8, "offered")
    await add_offers(front, 2, "declined", "another-hub")
    await add_unmet(front, 4, "NN17", "5-9")
    await add_unmet(front, 7, "NN18", "1-4")
    browser = await as_persona("manager")
    page = (await browser.open(path)).text
    for place, caption in room.CAPTIONS.items():
        rows = list(csv.reader((await browser.open(f"{path}/{place}.csv")).text.splitlines()))
        table = table_of(page, caption.title)
        assert [row[1:] for row in rows] == [row[1:] for row in table], place
        assert len(rows) > 1, place
        if caption.name is not early_help.service and place != "forecast":
            told = {cell for row in rows[1:] for cell in row[1:] if cell.isdigit()}
            assert not told & {"1", "2", "3", "4"}, place
    assert (await browser.open(f"{path}/nothing.csv")).status_code == 404


async def test_open_offers_lead_to_cases_only_those_who_work_on_them(front: Front, as_persona: SignIn) -> None:
    """A screener finds the case of each open offer; an auditor finds the counts alone."""
    await add_offers(front, 6, "offered")
    screener = (await (await as_persona("screener")).open("/desk/early-help")).text
    auditor = (await (await as_persona("auditor")).open("/desk/early-help")).text
    assert (screener.count('href="/desk/cases/'), auditor.count('href="/desk/cases/')) == (6, 0)
    assert "A hub" in auditor


async def test_where_nothing_was_counted_nothing_is_drawn(as_persona: SignIn) -> None:
    """An empty front door says so in words, with no chart but of the places that there are."""
    browser = await as_persona("manager")
    page = (await browser.open("/desk/oversight")).text
    assert page.count('role="img"') == 0
    for words in ("No case is open.", "Somebody has every case.", "Nothing came in."):
        assert words in page
    page = (await browser.open("/desk/early-help")).text
    assert page.count('role="img"') == 1
    for words in ("Nothing was offered.", "No offer is open.", "Nobody was without."):
        assert words in page


async def test_the_source_of_a_referral_is_counted(front: Front, as_persona: SignIn) -> None:
    """A case bears the code of who referred in the open, so that sources can be counted without opening records."""
    for _ in range(5):
        await front.submit({**example("10"), "source": "3B"})
    browser = await as_persona("manager")
    table = (await browser.open("/desk/oversight/sources.csv")).text
    assert "Health: health visitor,0,5,5,0 %" in table
