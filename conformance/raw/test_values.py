"""Values that CreateAccessToken must not take, in every way that they can come; and those beside them that it must."""

import pytest

from conftest import assert_refused

NOT_NUMBERS = ["-1", "+5", "1e2", "٣", "５", " 5", "5 ", "5.0", "0x5", "1_0", "five", "1" + "0" * 30, "１", "½", "5\n"]
NAMES = {
    "one character": "a", "129 characters": "a" * 129, "a leading digit": "1abc", "a leading underscore": "_abc",
    "an address": "http://x", "a secure address": "https://x", "an address in capitals": "HTTP://x",
    "an emoji": "rack🚚", "only an emoji": "🚚🚚", "a line feed": "ab\ncd", "an escape": "ab\x1b[31m", "a delete": "ab\x7f",
    "a direction override": "ab\u202ecd", "a zero-width space": "ab\u200bcd", "HTML": "<b>rack</b>", "a script": "a<script>alert(1)</script>",
    "a space": "rack 7", "a quote": "rack'--", "a slash": "../etc", "129 Chinese characters": "资" * 129,
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("parameter", ["Count", "TimeToLiveInDays"])
def test_what_is_not_a_number_in_range_is_refused(carried, parameter):
    for value in [*NOT_NUMBERS, "0", {"Count": "1001", "TimeToLiveInDays": "91"}[parameter]]:
        reply = carried("CreateAccessToken", [(parameter, value)])
        assert_refused(reply, 400, f"InvalidParameter.{parameter}", parameter, "it must be a whole number from 1 to")


@pytest.mark.usefixtures("unchanged")
def test_a_name_outside_the_rule_is_refused(carried):
    for what, value in NAMES.items():
        reply = carried("CreateAccessToken", [("Name", value)])
        assert (reply.status, reply.code) == (400, "InvalidParameter.Name"), (what, reply.raw)
        assert_refused(reply, 400, "InvalidParameter.Name", "Name")
        assert "<script>" not in reply.raw.decode() or reply.headers["x-content-type-options"] == "nosniff"
        assert "\x1b" not in reply.body["Message"] and "\u202e" not in reply.body["Message"]


@pytest.mark.usefixtures("unchanged")
def test_a_description_outside_the_rule_is_refused(carried):
    for value in ["x" * 257, "资" * 257, "line\nbreak", "bell\x07"]:
        assert_refused(carried("CreateAccessToken", [("Description", value)]), 400, "InvalidParameter.Description", "Description")


@pytest.mark.usefixtures("unchanged")
def test_a_nul_is_refused_wherever_it_stands(carried):
    for parameter in ("Count", "Name", "Description"):
        assert_refused(carried("CreateAccessToken", [(parameter, "ab\0cd")]), 400, f"InvalidParameter.{parameter}", parameter)


def test_the_edges_of_the_rules_are_accepted(carried, center, owner):
    accepted = [
        ("Count", "1"), ("Count", "1000"), ("Count", "007"), ("TimeToLiveInDays", "1"), ("TimeToLiveInDays", "90"), ("Name", "ab"),
        ("Name", "a" * 128), ("Name", "资产"), ("Name", "资" * 128), ("Name", "a:b_c-d1"), ("Description", "x" * 256), ("Description", "🚚 資 <b>"),
    ]
    for parameter, value in accepted:
        reply = carried("CreateAccessToken", [(parameter, value)])
        assert reply.status == 200, (parameter, value, reply.raw)
        token = reply.body["AccessTokenId"]
        [shown] = center.v3(owner, "ListAccessTokens", {"AccessTokenId.1": token}).body["AccessTokens"]["AccessToken"]
        expected = str(int(value)) if parameter in ("Count", "TimeToLiveInDays") else value
        assert shown[parameter] == expected
        center.v3(owner, "DeleteAccessToken", {"AccessTokenId": token})


def test_an_empty_value_is_an_absent_one(carried, center, owner):
    params = [("Count", ""), ("TimeToLiveInDays", ""), ("Name", ""), ("Description", "")]
    reply = carried("CreateAccessToken", params)
    assert reply.status == 200, reply.raw
    [shown] = center.v3(owner, "ListAccessTokens", {"AccessTokenId.1": reply.body["AccessTokenId"]}).body["AccessTokens"]["AccessToken"]
    assert (shown["Count"], shown["TimeToLiveInDays"]) == ("100", "30")
    assert not shown.get("Name") and not shown.get("Description")
    center.v3(owner, "DeleteAccessToken", {"AccessTokenId": reply.body["AccessTokenId"]})


@pytest.mark.usefixtures("unchanged")
def test_the_secret_code_in_the_place_of_an_id_is_not_told_back(carried, center, owner):
    code = "B57QoTXEA2Tytr0uZWoNY5Aju5JtZZZZ"
    for action in ("DeleteAccessToken", "DisableAccessToken"):
        reply = carried(action, [("AccessTokenId", code)])
        assert_refused(reply, 400, "InvalidParameter.AccessTokenId", "AccessTokenId")
        assert code not in reply.raw.decode()
