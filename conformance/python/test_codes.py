"""Activation codes through each client: create, list, disable, expire, delete."""

import re

import pytest


def test_a_code_is_created_with_what_was_asked(user):
    made = user.code(Name="rack-7", Description="servers of rack 7", Count="12", TimeToLiveInDays="3")
    assert re.fullmatch(r"at-[a-z0-9]{20}", made["AccessTokenId"])
    assert re.fullmatch(r"[A-Za-z0-9]{32}", made["AccessTokenCode"])
    [shown] = user.codes(AccessTokenId=[made["AccessTokenId"]])
    created = shown.pop("CreationTime")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created)
    assert shown == {
        "AccessTokenId": made["AccessTokenId"], "Name": "rack-7", "Description": "servers of rack 7", "Count": "12",
        "RegisteredCount": "0", "TimeToLiveInDays": "3", "Status": "activated",
    }


def test_defaults_are_those_of_the_contract(user):
    made = user.code()
    [shown] = user.codes(AccessTokenId=[made["AccessTokenId"]])
    assert (shown["Count"], shown["TimeToLiveInDays"], shown["Status"]) == ("100", "30", "activated")


@pytest.mark.parametrize("name", ["资产组-1", "a:b_c-d", "Aa" * 64])
def test_names_come_back_as_they_went(user, name):
    made = user.code(Name=name)
    assert [code["AccessTokenId"] for code in user.codes(Name=name)].count(made["AccessTokenId"]) == 1


@pytest.mark.parametrize("text", ["a b+c~d*e/f?g=h&i%j", "'()!\"#;,", "migração 迁移 🚚"])
def test_descriptions_survive_every_encoding(user, text):
    made = user.code(Description=text)
    assert user.codes(AccessTokenId=[made["AccessTokenId"]])[0]["Description"] == text


def test_filters_are_joined(user):
    first, second = (user.code(Name="joined-filter")["AccessTokenId"] for _ in range(2))
    user.call("DisableAccessToken", AccessTokenId=first)
    shown = user.codes(Name="joined-filter", Status="unactivated")
    assert [code["AccessTokenId"] for code in shown] == [first]
    shown = user.codes(AccessTokenId=[first, second], Status="activated")
    assert [code["AccessTokenId"] for code in shown] == [second]
    assert user.codes(AccessTokenId=[first], Name="another-name") == []


def test_the_newest_code_comes_first_and_counts_add_up(user):
    # All within the second that CreationTime can tell.
    made = [user.code(Name="in-order")["AccessTokenId"] for _ in range(10)]
    listed = user.call("ListAccessTokens", Name="in-order")
    assert [code["AccessTokenId"] for code in listed["AccessTokens"]["AccessToken"]] == made[::-1]
    assert (listed["PageNumber"], listed["TotalCount"]) == (1, 10)


def test_a_list_with_many_ids_is_understood(user):
    made = [user.code()["AccessTokenId"] for _ in range(12)]
    assert {code["AccessTokenId"] for code in user.codes(AccessTokenId=made)} == set(made)


def test_disabling_is_for_good_and_may_be_repeated(user):
    made = user.code()["AccessTokenId"]
    for _ in range(2):
        assert set(user.call("DisableAccessToken", AccessTokenId=made)) == {"RequestId"}
    assert user.codes(AccessTokenId=[made])[0]["Status"] == "unactivated"


def test_a_deleted_code_is_gone(user):
    made = user.code()["AccessTokenId"]
    assert set(user.call("DeleteAccessToken", AccessTokenId=made)) == {"RequestId"}
    assert user.codes(AccessTokenId=[made]) == []


def test_a_code_expires_when_its_days_are_over(user, emulator):
    made = user.code(TimeToLiveInDays="31")["AccessTokenId"]
    emulator.advance(days=30)
    assert user.codes(AccessTokenId=[made])[0]["Status"] == "activated"
    emulator.advance(days=1)
    assert user.codes(AccessTokenId=[made], Status="expired")[0]["Status"] == "expired"


def test_the_code_itself_is_never_told_again(user):
    made = user.code(Name="told-once")
    for action in ("ListAccessTokens", "DescribeSourceServers"):
        assert made["AccessTokenCode"] not in str(user.call(action))
