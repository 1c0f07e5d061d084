"""Time, nonces, schemes and formats through the clients' own switches."""

import json
import xml.etree.ElementTree as xml

import pytest

from alibabacloud_smc20190601 import models
from alibabacloud_smc20190601.client import Client
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.request import CommonRequest
from clients import V1, V2, Refused, V2Async
from darabonba.policy.retry import RetryCondition, RetryOptions
from harness.wire import Endpoint, timestamp


@pytest.mark.parametrize("client", [V2, V2Async])
@pytest.mark.parametrize("minutes", [-16, 16, -24 * 60, 24 * 60])
def test_a_clock_more_than_fifteen_minutes_off_is_refused(setting, client, minutes):
    key = setting.key(client.tenant, "owner")
    with pytest.raises(Refused) as caught:
        client(setting.endpoint).call(key, "ListAccessTokens", headers={"x-acs-date": timestamp(minutes * 60)})
    assert (caught.value.status, caught.value.code) == (400, "InvalidTimeStamp.Expired")


@pytest.mark.parametrize("client", [V2, V2Async])
def test_a_clock_within_fifteen_minutes_is_accepted(setting, client):
    key = setting.key(client.tenant, "owner")
    for minutes in (-14, 14):
        client(setting.endpoint).call(key, "ListAccessTokens", headers={"x-acs-date": timestamp(minutes * 60)})


@pytest.mark.parametrize("client", [V2, V2Async])
def test_a_nonce_is_good_for_one_request(setting, client):
    key = setting.key(client.tenant, "owner")
    once = {"x-acs-signature-nonce": f"said-once-by-{client.tenant}"}
    client(setting.endpoint).call(key, "ListAccessTokens", headers=once)
    with pytest.raises(Refused) as caught:
        client(setting.endpoint).call(key, "CreateAccessToken", headers=once)
    assert (caught.value.status, caught.value.code) == (400, "SignatureNonceUsed")


@pytest.mark.parametrize("algorithm", ["v2", "ACS3-HMAC-SM3"])
def test_the_other_signatures_of_the_second_sdk_are_understood(setting, algorithm):
    client, key = V2(setting.endpoint, algorithm), setting.key(V2.tenant, "owner")
    made = client.call(key, "CreateAccessToken", Name="other-scheme", Description="a b+c*d~e 中")
    shown = client.call(key, "ListAccessTokens", AccessTokenId=[made["AccessTokenId"]])
    assert shown["AccessTokens"]["AccessToken"][0]["Description"] == "a b+c*d~e 中"


def test_the_first_sdk_reads_xml(setting):
    client, key = V1(setting.endpoint), setting.key(V1.tenant, "owner")
    made = client.call(key, "CreateAccessToken", Name="in-xml")
    request = client.request("ListAccessTokens", {"AccessTokenIds": [made["AccessTokenId"]]})
    request.set_accept_format("XML")
    root = xml.fromstring(client.client(key).do_action(request))
    assert root.tag == "ListAccessTokensResponse" and root.findtext("RequestId")
    assert root.findtext("AccessTokens/AccessToken/Name") == "in-xml"
    assert root.findtext("TotalCount") == "1"


def test_the_first_sdk_without_a_format_gets_json(setting):
    client, key = V1(setting.endpoint), setting.key(V1.tenant, "owner")
    request = client.request("ListAccessTokens")
    request.set_accept_format(None)
    assert json.loads(client.client(key).do_action(request))["RequestId"]


def test_the_first_sdk_gets_refusals_in_xml_when_it_asks(setting):
    client, key = V1(setting.endpoint), setting.key(V1.tenant, "owner")
    request = client.request("CreateAccessToken", {"Count": "0"})
    request.set_accept_format("XML")
    root = xml.fromstring(client.client(key).do_action(request))
    assert root.tag == "Error" and root.findtext("Code") == "InvalidParameter.Count" and root.findtext("RequestId")


def test_the_first_sdk_sends_parameters_in_a_form_as_well(setting):
    client, key = V1(setting.endpoint), setting.key(V1.tenant, "owner")
    request = client.request("CreateAccessToken")
    request.add_body_params("Name", "in-a-form")
    request.add_body_params("Description", "a b+c*d~e 中")
    body = json.loads(client.client(key).do_action_with_exception(request))
    shown = client.call(key, "ListAccessTokens", AccessTokenId=[body["AccessTokenId"]])
    assert shown["AccessTokens"]["AccessToken"][0]["Description"] == "a b+c*d~e 中"


def test_the_first_sdk_uses_get_when_told(setting):
    client, key = V1(setting.endpoint), setting.key(V1.tenant, "owner")
    request = client.request("ListAccessTokens")
    request.set_method("GET")
    assert json.loads(client.client(key).do_action_with_exception(request))["RequestId"]


def test_an_unknown_action_is_refused_in_the_first_sdks_words(setting):
    client, key = V1(setting.endpoint), setting.key(V1.tenant, "owner")
    request = client.request("ListAccessTokens")
    request.set_action_name("ListAccessTokenz")
    with pytest.raises(ServerException) as caught:
        client.client(key).do_action_with_exception(request)
    assert (caught.value.http_status, caught.value.error_code) == (404, "InvalidAction.NotFound")


def test_the_first_sdks_general_request_works(setting):
    client, key = V1(setting.endpoint), setting.key(V1.tenant, "owner")
    request = CommonRequest(domain=setting.endpoint, version="2019-06-01", action_name="ListAccessTokens")
    request.set_protocol_type("http")
    request.add_query_param("Status", "activated")
    assert json.loads(client.client(key).do_action_with_exception(request))["RequestId"]


def test_the_second_sdk_may_be_given_a_scheme_in_its_endpoint(setting):
    key = setting.key(V2.tenant, "owner")
    client = Client(Config(access_key_id=key.id, access_key_secret=key.secret, endpoint=f"http://{setting.endpoint}"))
    assert client.list_access_tokens(models.ListAccessTokensRequest()).body.request_id


def test_the_second_sdk_tries_again_when_told_to_and_gets_through(setting):
    key = setting.key(V2.tenant, "owner")
    again = RetryOptions(retryable=True, retry_condition=[RetryCondition(max_attempts=3, exception=["ThrottlingException"])])
    client = Client(Config(
        access_key_id=key.id, access_key_secret=key.secret, endpoint=setting.endpoint, protocol="http", retry_options=again,
    ))
    throttled = {"operation": "CreateAccessToken", "status": 400, "code": "Throttling.User", "retry_after_ms": 1, "times": 2}
    Endpoint(setting.endpoint).control("faults", throttled)
    made = client.create_access_token(models.CreateAccessTokenRequest(name="third-time-lucky")).body.access_token_id
    listed = client.list_access_tokens(models.ListAccessTokensRequest(name="third-time-lucky")).body
    assert [code.access_token_id for code in listed.access_tokens.access_token] == [made]
