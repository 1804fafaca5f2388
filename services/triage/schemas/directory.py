"""The directory of early help as Open Referral UK 3.0 pages it."""

from typing import Any

from pydantic import BaseModel, Field


class DirectoryPage(BaseModel):
    """A page as the standard has it; its numbers count from 1."""

    total_items: int
    total_pages: int
    page_number: int
    size: int = Field(description="How many records this page holds.")
    first_page: bool
    last_page: bool
    empty: bool
    contents: list[dict[str, Any]]
