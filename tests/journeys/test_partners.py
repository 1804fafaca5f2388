"""The partners page asks two other services, in one process and in three."""

import httpx

from tests.journeys.conftest import World

AGENCY = "kettering-family-hub"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def test_a_manager_sees_partners_and_their_endpoints(world: World) -> None:
    """Triage has both the register of the referrals service and the endpoints of notifications."""
    headers = {**world.partner(AGENCY), "Idempotency-Key": "seen-by-staff"}
    hook = {"url": "http://127.0.0.1:9/hook?key=s3cret"}
    made = world.http.post("/v1/webhook-endpoints", json=hook, headers=headers)
    assert made.status_code == 201, made.text
    with httpx.Client(base_url=world.door.url, timeout=40, trust_env=False) as browser:
        signed_in = browser.post("/desk/sign-in/persona", data={"persona": "manager"}, headers=SAME_ORIGIN)
        assert signed_in.status_code == 303
        page = browser.get("/desk/partners").text
        agency = browser.get(f"/desk/partners/{AGENCY}").text
    assert world.http.delete(made.headers["Location"], headers=world.partner(AGENCY)).status_code == 204
    for shown in (page, agency):
        assert "Kettering Family Hub (demo)" in shown
        assert "127.0.0.1" in shown
        assert "s3cret" not in shown
        assert "could not be fetched" not in shown
    assert "service-triage" not in page
