"""What a process does before it takes requests."""

import gc

from fastapi import APIRouter, FastAPI

from services.front_door.server import OBJECTS_BETWEEN_LOOKS, make_ready


def test_nothing_is_left_to_the_first_request() -> None:
    """The description of the routes is made, they can be found, and the collector spares what stands."""
    app, router, usual = FastAPI(), APIRouter(), gc.get_threshold()

    @router.get("/there")
    async def get_there() -> None: ...

    app.include_router(router)
    try:
        make_ready(app)

        assert app.openapi_schema is not None
        assert "/there" in app.openapi_schema["paths"]
        assert gc.get_freeze_count() > 100_000
        assert gc.get_threshold() == (OBJECTS_BETWEEN_LOOKS, *usual[1:])
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)
