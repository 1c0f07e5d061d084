"""Requests by those who are not who they say, or not now, or not any more."""

import base64
import re

import pytest

from conftest import assert_refused
from harness.wire import FORM, JSON, Key, Signed, timestamp, v1, v3

pytestmark = pytest.mark.usefixtures("unchanged")
DAY = 86_400


@pytest.mark.parametrize("offset", [-DAY, DAY, -901, 901, -365 * DAY, 365 * DAY])
def test_a_time_more_than_fifteen_minutes_off_is_expired(center, owner, offset):
    for call in (center.v1, center.v3):
        # A second is left for the request's way.
        date = timestamp(offset + (2 if offset > 0 else -2))
        assert_refused(call(owner, "CreateAccessToken", date=date), 400, "InvalidTimeStamp.Expired")


@pytest.mark.parametrize(
    "date", ["yesterday", "2026-11-24", "2026-11-24 08:00:00", "2026-11-24T08:00:00.000Z", "2026-11-24T08:00:00+01:00", "2026-13-01T00:00:00Z",
             "1764000000", "٢٠٢٦-11-24T08:00:00Z"]
)
def test_a_time_in_another_form_is_refused(center, owner, date):
    assert_refused(center.v1(owner, "CreateAccessToken", date=date), 400, "InvalidTimeStamp.Format")
    if date.isascii():
        assert_refused(center.v3(owner, "CreateAccessToken", date=date), 400, "InvalidTimeStamp.Format")


def test_a_nonce_is_good_for_one_request_of_either_scheme(center, owner):
    for first in (center.v1, center.v3):
        for second in (center.v1, center.v3):
            nonce = f"once-{first.__name__}-{second.__name__}"
            assert first(owner, "ListAccessTokens", nonce=nonce).status == 200
            assert_refused(second(owner, "CreateAccessToken", nonce=nonce), 400, "SignatureNonceUsed")


def test_a_request_sent_again_is_refused(center, owner):
    for request in (v3(center.address, owner, "ListAccessTokens"), v1(owner, "ListAccessTokens")):
        assert center.send(request).status == 200
        assert_refused(center.send(request), 400, "SignatureNonceUsed")


def test_a_nonce_is_not_burnt_by_somebody_without_the_secret(center, owner):
    stranger = Key(owner.id, "not-the-secret")
    for call in (center.v1, center.v3):
        nonce = f"kept-{call.__name__}"
        assert_refused(call(stranger, "ListAccessTokens", nonce=nonce), 400, "SignatureDoesNotMatch")
        assert call(owner, "ListAccessTokens", nonce=nonce).status == 200


def test_nonces_of_different_keys_do_not_meet(center, owner, setting):
    for key in (owner, setting.key("raw", "reader")):
        assert center.v3(key, "ListAccessTokens", nonce="the-same-of-two-keys").status == 200


def test_a_tampered_request_is_refused(center, owner):
    def tampered(request, **changes):
        for name, value in changes.items():
            setattr(request, name, value)
        return center.send(request)

    host = center.address
    form = v3(host, owner, "CreateAccessToken", body=b"Count=5", content_type=FORM)
    assert_refused(tampered(form, body=b"Count=6"), 400, "SignatureDoesNotMatch", "x-acs-content-sha256")
    as_json = v3(host, owner, "CreateAccessToken", body=b'{"Count":"5"}', content_type=JSON)
    assert_refused(tampered(as_json, body=b'{"Count":"6"}'), 400, "SignatureDoesNotMatch")
    query = v3(host, owner, "CreateAccessToken", {"Count": "5"})
    assert_refused(tampered(query, query="Count=6"), 400, "SignatureDoesNotMatch", "StringToSign")
    added = v3(host, owner, "CreateAccessToken")
    assert_refused(tampered(added, query="Count=6"), 400, "SignatureDoesNotMatch")
    method = v3(host, owner, "CreateAccessToken")
    assert_refused(tampered(method, method="GET"), 400, "SignatureDoesNotMatch")
    in_form = v1(owner, "CreateAccessToken", {"Count": "5"}, in_body=True)
    assert_refused(tampered(in_form, body=in_form.body.replace(b"Count=5", b"Count=6")), 400, "SignatureDoesNotMatch", "string to sign is:")
    first = v1(owner, "ListAccessTokens")
    assert_refused(tampered(first, query=first.query.replace("ListAccessTokens", "CreateAccessToken")), 400, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    ("header", "value"),
    [("x-acs-action", "CreateAccessToken"), ("x-acs-date", timestamp(-60)), ("x-acs-signature-nonce", "another"), ("host", "elsewhere:80")],
)
def test_a_tampered_header_is_refused(center, owner, header, value):
    request = v3(center.address, owner, "ListAccessTokens")
    request.headers[header] = value
    assert_refused(center.send(request), 400, "SignatureDoesNotMatch")


@pytest.mark.parametrize("header", ["host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-content-sha256", "x-acs-signature-nonce"])
def test_a_signature_that_leaves_out_what_must_be_signed_is_refused(center, owner, header):
    request = v3(center.address, owner, "CreateAccessToken")
    value = request.headers["authorization"]
    names = re.search(r"SignedHeaders=([^,]+)", value)[1].split(";")
    names.remove(header)
    request.headers["authorization"] = re.sub(r"SignedHeaders=[^,]+", f"SignedHeaders={';'.join(names)}", value)
    assert_refused(center.send(request), 400, "IncompleteSignature", header)


def test_unsigned_additions_are_refused(center, owner):
    request = v3(center.address, owner, "CreateAccessToken")
    request.headers["x-acs-security-token"] = "unsigned"
    assert_refused(center.send(request), 400, "IncompleteSignature", "x-acs-security-token")


@pytest.mark.parametrize("name", ["AccessKeyId", "Action", "Version", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp"])
def test_what_a_call_cannot_do_without_is_named(center, owner, name):
    assert_refused(center.v1(owner, "CreateAccessToken", leave_out=(name,)), 400, f"Missing{name}", name)


def test_a_call_with_nothing_at_all_is_refused(center):
    for method in ("GET", "POST"):
        reply = center.send(Signed(method, "/", "", {}))
        assert reply.status == 400 and reply.code.startswith("Missing"), reply.raw
        assert_refused(reply, 400, reply.code)


def test_malformed_authorization_is_refused(center, owner):
    for value in ("ACS3-HMAC-SHA256", "ACS3-HMAC-SHA256 Credential=", "ACS3-HMAC-SHA256 Credential=a,Credential=b", "ACS3-HMAC-MD5 Credential=a",
                  "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=zz", "ACS3-RSA-SHA256 Credential=a,SignedHeaders=host,Signature=00"):
        request = v3(center.address, owner, "CreateAccessToken")
        request.headers["authorization"] = value
        reply = center.send(request)
        assert reply.code in ("IncompleteSignature", "InvalidSignatureMethod"), reply.raw
        assert_refused(reply, 400, reply.code)


def test_keys_that_do_not_exist_or_are_disabled_are_refused(center, owner, setting):
    for call in (center.v1, center.v3):
        for unknown in ("LTAI" + "0" * 20, "nobody", "' OR 1=1 --", "x" * 5000, "STS.x"):
            assert_refused(call(Key(unknown, owner.secret), "CreateAccessToken"), 404, "InvalidAccessKeyId.NotFound")
        assert_refused(call(setting.key("raw", "disabled"), "CreateAccessToken"), 400, "InvalidAccessKeyId.Inactive")


def test_the_key_of_another_account_neither_sees_nor_names_what_is_here(center, owner, setting):
    mine = center.v3(owner, "CreateAccessToken", {"Name": "mine"}).body["AccessTokenId"]
    stranger = setting.key("other", "owner")
    listed = center.v3(stranger, "ListAccessTokens", {"AccessTokenId.1": mine}).body
    assert listed["TotalCount"] == 0 and listed["AccessTokens"]["AccessToken"] == []
    assert mine not in str(center.v3(stranger, "ListAccessTokens").body)
    for action in ("DisableAccessToken", "DeleteAccessToken"):
        assert_refused(center.v3(stranger, action, {"AccessTokenId": mine}), 404, "InvalidAccessTokenId.NotFound", mine)
    assert center.v3(owner, "DeleteAccessToken", {"AccessTokenId": mine}).status == 200


def test_a_mismatch_shows_what_the_server_would_sign_and_never_the_secret(center, owner):
    for call in (center.v1, center.v3):
        reply = call(Key(owner.id, "wrong"), "CreateAccessToken", {"Name": "shown"})
        assert_refused(reply, 400, "SignatureDoesNotMatch", "Name", "CreateAccessToken")
        text = reply.raw.decode()
        assert owner.secret not in text and base64.b64encode(owner.secret.encode()).decode() not in text


def test_a_denial_says_what_was_denied_to_whom(center, setting):
    reply = center.v3(setting.key("raw", "nobody"), "CreateAccessToken")
    assert_refused(reply, 403, "Forbidden.Unauthorized")
    detail = reply.body["AccessDeniedDetail"]
    assert (detail["AuthAction"], detail["AuthPrincipalDisplayName"], detail["AuthPrincipalOwnerId"]) == (
        "smc:CreateAccessToken", "nobody", setting.tenants["raw"]["account"])
    assert all(isinstance(value, str) for value in detail.values())


def test_a_reader_never_sees_a_code(center, owner, setting):
    made = center.v3(owner, "CreateAccessToken").body
    reader = setting.key("raw", "reader")
    shown = center.v3(reader, "ListAccessTokens", {"AccessTokenId.1": made["AccessTokenId"]})
    assert shown.status == 200 and made["AccessTokenCode"] not in shown.raw.decode()
    assert_refused(center.v3(reader, "DeleteAccessToken", {"AccessTokenId": made["AccessTokenId"]}), 403, "Forbidden.Unauthorized")
    center.v3(owner, "DeleteAccessToken", {"AccessTokenId": made["AccessTokenId"]})
