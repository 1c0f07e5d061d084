"""Requests that no client sends: too much, twice, broken, to nowhere."""

import json
import socket

import pytest

from conftest import assert_refused
from harness.contract import documented
from harness.wire import FORM, JSON, Signed, encoded, v1, v3

pytestmark = pytest.mark.usefixtures("unchanged")


def test_a_parameter_given_twice_is_refused(center, owner):
    twice = [("Count", "5"), ("Count", "6")]
    for request in (
        v3(center.address, owner, "CreateAccessToken", twice),
        v3(center.address, owner, "CreateAccessToken", twice[:1] * 2),
        v3(center.address, owner, "CreateAccessToken", twice[:1], body=b"Count=6", content_type=FORM),
        v3(center.address, owner, "CreateAccessToken", twice[:1], body=b'{"Count":"6"}', content_type=JSON),
        v3(center.address, owner, "CreateAccessToken", body=b'{"Count":"5","Count":"6"}', content_type=JSON),
        v3(center.address, owner, "CreateAccessToken", query="Count=5&%43ount=6"),
        v1(owner, "CreateAccessToken", twice),
        v1(owner, "CreateAccessToken", twice, in_body=True),
    ):
        assert_refused(center.send(request), 400, "InvalidParameter.Count", "Count", "more than once")


def test_a_common_parameter_given_twice_is_refused(center, owner):
    for name in ("Action", "AccessKeyId", "Timestamp", "SignatureNonce"):
        reply = center.v1(owner, "CreateAccessToken", [(name, "x")])
        assert_refused(reply, 400, f"InvalidParameter.{name}", name, "more than once")


def test_ten_thousand_parameters_are_too_many(center, owner):
    many = [(f"Tag.{number}.Key", "k") for number in range(10_000)]
    for request in (
        v3(center.address, owner, "CreateAccessToken", many),
        v3(center.address, owner, "CreateAccessToken", many, method="GET"),
        v3(center.address, owner, "CreateAccessToken", body=encoded(many).encode(), content_type=FORM),
        v3(center.address, owner, "CreateAccessToken", body=json.dumps(dict(many)).encode(), content_type=JSON),
        v3(center.address, owner, "CreateAccessToken", body=json.dumps({"Tag": ["k"] * 10_000}).encode(), content_type=JSON),
        v1(owner, "CreateAccessToken", many, in_body=True),
    ):
        reply = center.send(request)
        if request.query and reply.status == 414:
            assert_refused(reply, 414, "RequestUriTooLong")
        elif request.query and reply.status == 431:
            # As the bytes came in, the head was too much before its first line was over.
            assert_refused(reply, 431, "RequestHeaderFieldsTooLarge", "query")
        else:
            assert_refused(reply, 400, "TooManyParameters", "1000")


def test_a_body_of_two_mebibytes_is_too_large(center, owner):
    large = b"Description=" + b"x" * (2 << 20)
    for content_type in (FORM, JSON, "application/octet-stream"):
        reply = center.send(v3(center.address, owner, "CreateAccessToken", body=large, content_type=content_type))
        assert_refused(reply, 413, "RequestEntityTooLarge", str(1 << 20))


def test_a_query_of_a_hundred_kilobytes_is_too_long(center, owner):
    reply = center.v3(owner, "CreateAccessToken", {"Description": "x" * 100_000})
    assert_refused(reply, 414, "RequestUriTooLong")


def test_text_that_is_not_utf8_is_refused_by_name(center, owner):
    for value in ("%E4%B8", "%FF", "a%C0%AFb", "%ED%A0%80"):
        for request in (
            v3(center.address, owner, "CreateAccessToken", query=f"Name={value}"),
            v3(center.address, owner, "CreateAccessToken", body=f"Name={value}".encode(), content_type=FORM),
        ):
            assert_refused(center.send(request), 400, "InvalidParameter.Name", "Name", "UTF-8")
    reply = center.send(v3(center.address, owner, "CreateAccessToken", body=b'{"Name":"\xe4\xb8"}', content_type=JSON))
    assert_refused(reply, 400, "InvalidParameter.Body", "line 1, column 10")


def test_broken_percent_encoding_is_refused_by_name(center, owner):
    for value in ("%", "%2", "%ZZ", "a%"):
        reply = center.send(v3(center.address, owner, "CreateAccessToken", query=f"Name={value}"))
        assert_refused(reply, 400, "InvalidParameter.Name", "Name")


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"Count":', b"[]", b'"Count"', b"null", b"5", b'{"Count":"5"} x', b"{'Count':'5'}", b'{"Count":5,}',
     b'{"A":' * 20 + b"1" + b"}" * 20, b"\xff\xfe{}", b"[" * 100_000],
    ids=lambda body: body[:24].decode("ascii", "replace"),
)
def test_json_that_is_no_object_is_refused(center, owner, body):
    reply = center.send(v3(center.address, owner, "CreateAccessToken", body=body, content_type=JSON))
    assert reply.status == 400 and reply.code.startswith("InvalidParameter"), reply.raw
    assert_refused(reply, 400, reply.code)


def test_values_of_the_wrong_kind_in_json_are_refused(center, owner):
    for value in ([1], {"a": 1}, 5.5, True):
        body = json.dumps({"Count": value}).encode()
        reply = center.send(v3(center.address, owner, "CreateAccessToken", body=body, content_type=JSON))
        assert_refused(reply, 400, "InvalidParameter.Count", "Count")


def test_a_json_body_is_no_part_of_the_first_signature(center, owner):
    request = v1(owner, "CreateAccessToken")
    request.headers["content-type"], request.body = JSON, b'{"Count":"5"}'
    assert_refused(center.send(request), 400, "InvalidParameter.Content-Type", "Content-Type")


def test_a_body_of_another_kind_is_refused(center, owner):
    for content_type in ("text/plain", "multipart/form-data; boundary=x", "application/xml"):
        reply = center.send(v3(center.address, owner, "CreateAccessToken", body=b"Count=5", content_type=content_type))
        assert_refused(reply, 400, "InvalidParameter.Content-Type", "Content-Type")


@pytest.mark.parametrize("path", ["/nothing", "/smc", "//", "/../", "/%2e%2e/", "/_landfall", "/_landfall/x/../reset", "/metrics/", "/index.php"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_paths_lead_nowhere(center, method, path):
    reply = center.send(Signed(method, path, "", {}))
    if path.startswith("/_landfall/"):
        assert reply.status in (404, 405) and reply.body
        return
    assert_refused(reply, 404, "InvalidApi.NotFound")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused(center, owner, method):
    for request in (Signed(method, "/", "", {}), v3(center.address, owner, "CreateAccessToken", method=method)):
        reply = center.send(request)
        assert reply.status in (403, 405), reply.raw
        assert_refused(reply, reply.status, "UnsupportedHTTPMethod")


def test_unknown_actions_and_versions_are_refused(center, owner):
    for call in (center.v3, center.v1):
        for action in ("NoSuchAction", "createaccesstoken", "../CreateAccessToken", "CreateAccessToken;"):
            assert_refused(call(owner, action), 404, "InvalidAction.NotFound")
        assert_refused(call(owner, "CreateAccessToken", version="2019-06-02"), 400, "InvalidVersion")


def test_what_is_not_http_is_answered_and_not_executed(center):
    host, _, port = center.address.partition(":")
    for sent in (
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: minus\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * 300_000 + b"\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(sent)
            head, _, body = _read_all(connection).partition(b"\r\n\r\n")
        status = int(head.split()[1])
        assert 400 <= status < 500, head
        assert b"content-type: application/json;charset=utf-8" in head.lower(), head
        assert documented(json.loads(body)["Code"]), body


def _read_all(connection) -> bytes:
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received
