"""Open Referral UK 3.0 as JSON Schema, written down from the profile's published field lists: types, formats, codes.

Only what the profile requires is required, and nothing further is refused: a publisher may say more.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
UUID: Schema = {"type": "string", "format": "uuid"}
URI: Schema = {"type": "string", "format": "uri"}
EMAIL: Schema = {"type": "string", "format": "email"}
DATE: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}


def _record(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "properties": {"id": UUID, **properties}, "required": required.split()}


def _many(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


TAXONOMY = _record("id name description", name=TEXT, description=TEXT, uri=URI, version=TEXT)
TERM = _record(
    "id name description taxonomy",
    code=TEXT,
    name=TEXT,
    term=TEXT,
    description=TEXT,
    parent_id=UUID,
    taxonomy=TEXT,
    taxonomy_id=UUID,
    term_uri=URI,
    language=TEXT,
)
ATTRIBUTE = _record("id", link_id=UUID, link_type=TEXT, taxonomy_term_id=UUID, taxonomy_term=TERM)
IDENTIFIER = _record("id identifier", identifier_scheme=TEXT, identifier_type=TEXT, identifier=TEXT)
ORGANIZATION = _record(
    "id name description",
    name=TEXT,
    description=TEXT,
    email=EMAIL,
    website=URI,
    logo=TEXT,
    uri=URI,
    parent_organization_id=UUID,
    organization_identifiers=_many(IDENTIFIER),
)
PHONE = _record("id number", number=TEXT, extension=NUMBER, type=TEXT, description=TEXT)
SCHEDULE = _record(
    "id",
    valid_from=DATE,
    valid_to=DATE,
    dtstart=DATE,
    freq={"enum": ["WEEKLY", "MONTHLY"]},
    interval=NUMBER,
    byday=TEXT,
    bymonthday=TEXT,
    opens_at={"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}:[0-9]{2}$"},
    closes_at={"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}:[0-9]{2}$"},
    description=TEXT,
)
AREA = _record(
    "id",
    name=TEXT,
    description=TEXT,
    extent=TEXT,
    extent_type={"enum": ["geojson", "topojson", "kml", "text"]},
    uri=URI,
)
ADDRESS = _record(
    "id address_1 city state_province postal_code country address_type",
    address_1=TEXT,
    address_2=TEXT,
    city=TEXT,
    state_province=TEXT,
    postal_code=TEXT,
    country={"type": "string", "pattern": "^[A-Z]{2}$"},
    address_type={"enum": ["physical", "postal", "virtual"]},
)
LOCATION = _record(
    "id",
    location_type={"enum": ["physical", "postal", "virtual"]},
    name=TEXT,
    description=TEXT,
    latitude=NUMBER,
    longitude=NUMBER,
    external_identifier=TEXT,
    addresses=_many(ADDRESS),
)
UNIT = _record("id name", name=TEXT, scheme=TEXT, identifier=TEXT, uri=URI)
CAPACITY = _record("id unit available updated", unit=UNIT, available=NUMBER, maximum=NUMBER, updated=MOMENT)
AT_LOCATION = _record("id", service_id=UUID, location_id=UUID, location=LOCATION)
_SERVICE: dict[str, Schema] = {
    "organization_id": UUID,
    "name": TEXT,
    "description": TEXT,
    "url": URI,
    "email": EMAIL,
    "status": {"enum": ["active", "inactive", "defunct", "temporarily closed"]},
    "minimum_age": NUMBER,
    "maximum_age": NUMBER,
    "assured_date": DATE,
    "assurer_email": EMAIL,
    "last_modified": MOMENT,
    "organization": ORGANIZATION,
}
SERVICE = _record(
    "id name status",
    **_SERVICE,
    phones=_many(PHONE),
    schedules=_many(SCHEDULE),
    service_areas=_many(AREA),
    service_at_locations=_many(AT_LOCATION),
    attributes=_many(ATTRIBUTE),
    capacities=_many(CAPACITY),
)
SERVICE_IN_LIST = _record("id name status url", **_SERVICE)
AT_LOCATION_IN_LIST = _record("id", location=LOCATION, service=SERVICE_IN_LIST)
AT_LOCATION_WHOLE = _record("id", location=LOCATION, service=SERVICE)


def page_of(contents: Schema) -> Schema:
    whole: Schema = {"type": "integer", "minimum": 0}
    properties = dict.fromkeys(("total_items", "total_pages", "page_number", "size"), whole)
    properties |= {name: {"type": "boolean"} for name in ("first_page", "last_page", "empty")}
    return {
        "type": "object",
        "properties": {**properties, "contents": _many(contents)},
        "required": [*properties, "contents"],
    }
