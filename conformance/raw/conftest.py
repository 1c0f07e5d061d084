"""What is sent byte by byte, and the proof that a refusal changed nothing."""

import json
import re

import pytest

from harness.contract import documented
from harness.wire import FORM, JSON, Endpoint, Key, encoded, v1, v3


@pytest.fixture(scope="session")
def center(setting) -> Endpoint:
    """The center's API."""
    return Endpoint(setting.endpoint)


@pytest.fixture(scope="session")
def owner(setting) -> Key:
    """The key of the account that is attacked."""
    return setting.key("raw", "owner")


@pytest.fixture
def unchanged(center, setting, owner):
    """Fails the test if it created, changed or removed a code or source of this account or another."""

    def everything():
        found = []
        for key in (owner, setting.key("other", "owner")):
            for action in ("ListAccessTokens", "DescribeSourceServers"):
                body = center.v3(key, action).body
                body.pop("RequestId")
                found.append(body)
        return found

    before = everything()
    yield
    assert everything() == before


# Each way of carrying parameters: a name, and a function of center, key, action and parameters.
CARRIERS = {
    "v3-query": lambda host, key, action, params: v3(host, key, action, params),
    "v3-get": lambda host, key, action, params: v3(host, key, action, params, method="GET"),
    "v3-form": lambda host, key, action, params: v3(
        host, key, action, body=encoded(params).encode(), content_type=FORM),
    "v3-json": lambda host, key, action, params: v3(
        host, key, action, body=json.dumps(dict(params)).encode(), content_type=JSON),
    "v1-query": lambda host, key, action, params: v1(key, action, params),
    "v1-get": lambda host, key, action, params: v1(key, action, params, method="GET"),
    "v1-form": lambda host, key, action, params: v1(key, action, params, in_body=True),
}


@pytest.fixture(params=CARRIERS)
def carried(request, center, owner):
    """Calls as the owner, once in each way of carrying parameters."""

    def call(action, params):
        return center.send(CARRIERS[request.param](center.address, owner, action, params))

    return call


def assert_refused(reply, status, code, *words):
    """The form that every refusal has, and what this one says."""
    told = f"{reply.status} {reply.headers} {reply.raw[:600]}"
    assert (reply.status, reply.code) == (status, code), told
    assert 400 <= status < 500
    assert reply.headers["content-type"] == "application/json;charset=utf-8", told
    assert "location" not in reply.headers, told
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", reply.body["RequestId"]), told
    assert reply.headers["x-acs-request-id"] == reply.body["RequestId"], told
    assert all(isinstance(reply.body[name], str) for name in ("Message", "HostId", "Recommend")), told
    assert documented(code), f"the book has no {code}"
    for word in words:
        assert word in reply.body["Message"], told
