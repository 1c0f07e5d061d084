"""What each client's user catches when a center refuses: the class, the code, the status, the words, the id."""

import json
from pathlib import Path

import pytest

CASES = json.loads(Path(__file__).resolve().parent.parent.joinpath("refusals.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["promise"] for case in CASES])
def test_refused(user, refused, case):
    other = user.setting.tenants["other"]
    filled = json.dumps(case)
    for kind in ("token", "source", "job"):
        filled = filled.replace(f"{{other {kind}}}", other[kind])
    case = json.loads(filled)
    before = user.codes()
    refusal = refused(user, case["action"], key=user.key(case["as"]), **case.get("params", {}))
    code = user.client.expected_code(case["code"])
    assert (refusal.status, refusal.code) == (case["status"], code)
    if code == case["code"]:
        assert case["says"] in refusal.message
    if "denied" in case and user.client.tells_all:
        assert case["denied"].items() <= refusal.denied.items()
        assert refusal.denied["EncodedDiagnosticMessage"]
    assert user.codes() == before


def test_being_throttled_says_when_to_come_again(user, refused, emulator):
    for code in ("Throttling.User", "Throttling.Api"):
        emulator.fault(operation="ListAccessTokens", status=400, code=code, retry_after_ms=1500)
        refusal = refused(user, "ListAccessTokens")
        assert (refusal.status, refusal.code) == (400, code)
        assert refusal.retry_after == (1500 if user.client.tells_all else None)
        user.codes()


@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (503, "ServiceUnavailable")])
def test_a_failing_center_is_a_failure_of_the_server(user, refused, emulator, status, code):
    emulator.fault(operation="ListAccessTokens", status=status, code=code)
    refusal = refused(user, "ListAccessTokens")
    assert (refusal.status, refusal.code) == (status, code)
    user.codes()
