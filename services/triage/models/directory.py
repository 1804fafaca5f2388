"""The directory of early help: services as they are published, their places week by week, and where postcodes lie."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from services.triage.models.case import Base


class HelpService(Base):
    """A service. `listing` is the document of Open Referral UK that it was imported as, whole.

    `fitting` is what the choice of a service reads in it, None for a service that is only listed. One that left the
    directory is kept for the offers that name it.
    """

    __tablename__ = "help_services"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    listing: Mapped[dict[str, Any]]
    fitting: Mapped[dict[str, Any] | None]
    imported_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    withdrawn_at: Mapped[datetime | None]


class HelpCapacity(Base):
    """How many children of an age band a service holds at once, from the Monday `week` until the next row's."""

    __tablename__ = "help_capacity"

    service_id: Mapped[UUID] = mapped_column(ForeignKey("help_services.id"), primary_key=True)
    band: Mapped[str] = mapped_column(primary_key=True)
    week: Mapped[date] = mapped_column(Date, primary_key=True)
    places: Mapped[int]
    set_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Postcode(Base):
    """A postcode without its space, the ONS code of its council, and where it lies (WGS 84), from the ONS's file."""

    __tablename__ = "postcodes"

    postcode: Mapped[str] = mapped_column(primary_key=True)
    council: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
