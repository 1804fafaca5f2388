"""Help that could not be offered, counted."""

from pydantic import BaseModel, Field


class UnmetNeedOut(BaseModel):
    """Children of one place, age, level and need; a child with several needs stands under each."""

    council: str | None
    district: str | None
    age_band: str
    level: int
    need: str | None
    children: int | None = Field(
        description="How many; null where they are fewer than five, or would tell of such a number."
    )


class UnmetNeedPage(BaseModel):
    items: list[UnmetNeedOut]
    next_cursor: str | None = None
