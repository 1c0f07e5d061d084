"""Policies over the wire: what is no policy is refused when it is written, and what is one decides as it says."""

import json
from itertools import count

import pytest

from conftest import assert_refused
from harness import machines, tenants
from harness.wire import Key

NUMBERS = count(1)


def policy(*statements):
    """A document with these statements."""
    return json.dumps({"Version": "1", "Statement": statements})


def allow(action, resource="*", **more):
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    """A statement that denies."""
    return {**allow(action, resource, **more), "Effect": "Deny"}


@pytest.mark.parametrize(
    "document",
    ["", "not JSON", "[]", "{}", "null", '{"Version":"1"}', '{"Version":"1","Statement":[]}', policy(allow("smc:*"))[:-1], policy(allow("smc:*")) + "x",
     policy(allow("smc:*")).replace('"1"', '"2012-10-17"'), policy(allow("smc:*")).replace('"1"', "1"), policy({"Effect": "Allow", "Action": "smc:*"}),
     policy({"Effect": "allow", "Action": "smc:*", "Resource": "*"}), policy({"Effect": "Allow", "Action": "smc:*", "NotResource": "*"}),
     policy(allow("smc:*", Principal="*")), policy(allow("smc:*", Condition={"StringEqualsIfExists": {"acs:SourceIp": "1.2.3.4"}})),
     policy(allow("smc:*", Condition={"IpAddress": {"acs:SourceIp": "not an address"}})), '{"Version":"1","Version":"1","Statement":[]}'],
)
def test_what_is_no_policy_is_not_written(setting, document):
    account = setting.tenants["raw"]["account"]
    listed = lambda: tenants.done(tenants.run(setting.admin, "policy", "list", account=account))  # noqa: E731
    before = listed()
    refused = tenants.run(setting.admin, "policy", "put", "no-policy", "--file", "-", account=account, given=document)
    assert refused.returncode == 1, (refused.stdout, refused.stderr)
    assert refused.stdout == "" and len(refused.stderr.strip().splitlines()) == 1, refused.stderr
    assert listed() == before


@pytest.fixture
def holder(setting):
    """Makes a user who has one policy; returns the user's key."""
    account = setting.tenants["raw"]["account"]

    def make(document) -> Key:
        name = f"holder-{next(NUMBERS)}"
        admin = lambda *words, given=None: tenants.done(tenants.run(setting.admin, *words, account=account, given=given))  # noqa: E731
        admin("user", "create", name)
        admin("policy", "put", name, "--file", "-", given=document)
        admin("policy", "attach", name, "--user", name)
        return Key(**tenants.key(admin("key", "create", "--user", name)))

    return make


def assert_denied(reply, kind):
    """A denial, implicit or explicit."""
    assert_refused(reply, 403, "Forbidden.Unauthorized")
    assert reply.body["AccessDeniedDetail"]["NoPermissionType"] == kind


def test_what_is_allowed_is_allowed_and_nothing_else(center, holder):
    key = holder(policy(allow("smc:List*")))
    assert center.v3(key, "ListAccessTokens").status == 200
    assert_denied(center.v3(key, "CreateAccessToken"), "ImplicitDeny")


def test_a_denial_beats_every_allowance(center, holder):
    key = holder(policy(allow("*"), deny("smc:createaccesstoken")))
    assert center.v1(key, "ListAccessTokens").status == 200
    assert_denied(center.v1(key, "CreateAccessToken"), "ExplicitDeny")


def test_not_action_is_everything_else(center, holder):
    document = {"Effect": "Allow", "NotAction": "smc:Create*", "Resource": "*"}
    key = holder(policy(document))
    assert center.v3(key, "DescribeSourceServers").status == 200
    assert_denied(center.v3(key, "CreateAccessToken"), "ImplicitDeny")


def test_a_resource_limits_to_what_it_names(center, holder, setting):
    mine, not_mine = (machines.import_played_machine(setting, "raw")["source_id"] for _ in range(2))
    account = setting.tenants["raw"]["account"]
    key = holder(policy(allow("smc:*", f"acs:smc:*:{account}:sourceServer/{mine}")))
    rename = lambda source: center.v3(key, "ModifySourceServerAttribute", {"SourceId": source, "Description": "renamed"})  # noqa: E731
    assert rename(mine).status == 200
    assert_denied(rename(not_mine), "ImplicitDeny")
    assert_denied(rename("s-bp1e2fsl57knvuug0000"), "ImplicitDeny")


def test_an_address_can_be_a_condition(center, holder):
    here, elsewhere = (holder(policy(allow("smc:*", Condition={"IpAddress": {"acs:SourceIp": [net]}}))) for net in ("127.0.0.0/8", "192.0.2.0/24"))
    assert center.v3(here, "ListAccessTokens").status == 200
    assert_denied(center.v3(elsewhere, "ListAccessTokens", {"SourceIp": "192.0.2.1"}), "ImplicitDeny")
    assert_denied(center.v3(elsewhere, "ListAccessTokens", headers={"x-forwarded-for": "192.0.2.1"}), "ImplicitDeny")


def test_plain_http_can_be_denied(center, holder):
    key = holder(policy(allow("smc:*"), deny("smc:*", Condition={"Bool": {"acs:SecureTransport": "false"}})))
    assert_denied(center.v3(key, "ListAccessTokens", {"SecureTransport": "true"}), "ExplicitDeny")


def test_tags_can_be_conditions(center, holder, setting, owner):
    red, blue = (machines.import_played_machine(setting, "raw")["source_id"] for _ in range(2))
    for source, team in ((red, "red"), (blue, "blue")):
        tag = {"ResourceType": "sourceserver", "ResourceId.1": source, "Tag.1.Key": "team", "Tag.1.Value": team}
        assert center.v3(owner, "TagResources", tag).status == 200
    key = holder(policy(allow("smc:ModifySourceServerAttribute", Condition={"StringEquals": {"acs:ResourceTag/team": "red"}})))
    rename = lambda source: center.v3(key, "ModifySourceServerAttribute", {"SourceId": source, "Description": "x1"})  # noqa: E731
    assert rename(red).status == 200
    assert_denied(rename(blue), "ImplicitDeny")


def test_the_code_issuer_may_create_and_list_and_no_more(center, setting):
    account = setting.tenants["raw"]["account"]
    admin = lambda *words: tenants.done(tenants.run(setting.admin, *words, account=account))  # noqa: E731
    admin("user", "create", "issuer")
    admin("policy", "attach", "LandfallCodeIssuerAccess", "--user", "issuer")
    key = Key(**tenants.key(admin("key", "create", "--user", "issuer")))
    made = center.v3(key, "CreateAccessToken")
    assert made.status == 200 and center.v3(key, "ListAccessTokens").status == 200
    for action, params in (("DeleteAccessToken", {"AccessTokenId": made.body["AccessTokenId"]}), ("DescribeSourceServers", {})):
        assert_denied(center.v3(key, action, params), "ImplicitDeny")
