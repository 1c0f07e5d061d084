"""The emulator's controls, as a test-suite in any language uses them: reset, clock, faults."""

from conftest import assert_refused
from harness.wire import Key, Signed, timestamp

DEV = Key("landfall-dev", "landfall-dev-secret")


def test_a_reset_leaves_an_empty_account_for_the_same_key(center):
    center.v3(DEV, "CreateAccessToken")
    center.control("clock", {"advance": "40d"})
    center.control("faults", {"operation": "ListAccessTokens", "status": 503})
    now = center.control("reset")["now"]
    assert timestamp(-60) < now < timestamp(60)
    assert center.v3(DEV, "ListAccessTokens").body["TotalCount"] == 0
    assert center.v1(DEV, "ListAccessTokens").body["TotalCount"] == 0


def test_a_moved_clock_dates_what_is_made_but_not_signatures(center):
    center.control("clock", {"set": "2031-01-01T00:00:00Z"})
    try:
        made = center.v3(DEV, "CreateAccessToken").body["AccessTokenId"]
        [shown] = center.v1(DEV, "ListAccessTokens", {"AccessTokenId.1": made}).body["AccessTokens"]["AccessToken"]
        assert shown["CreationTime"].startswith("2031-01-01T00:0")
        assert_refused(center.v3(DEV, "ListAccessTokens", date="2031-01-01T00:00:00Z"), 400, "InvalidTimeStamp.Expired")
    finally:
        center.control("reset")


def test_faults_strike_as_often_as_asked_and_only_where(center):
    center.control("faults", {"operation": "ListAccessTokens", "status": 500, "code": "InternalError", "times": 2})
    assert [center.v3(DEV, "ListAccessTokens").status for _ in range(3)] == [500, 500, 200]
    center.control("faults", {"operation": "*", "status": 400, "code": "Throttling", "retry_after_ms": 250})
    reply = center.v3(DEV, "DescribeSourceServers")
    assert (reply.status, reply.code, reply.headers["x-acs-retry-after"]) == (400, "Throttling", "250")
    assert center.v3(DEV, "DescribeSourceServers").status == 200


def test_a_control_that_is_not_understood_changes_nothing(center):
    for name, body in (("clock", b"{}"), ("clock", b'{"advance":"soon"}'), ("faults", b'{"operation":"Nothing"}'), ("faults", b"{")):
        assert center.send(Signed("POST", f"/_landfall/{name}", "", {}, body)).status == 400
    assert center.v3(DEV, "ListAccessTokens").status == 200
