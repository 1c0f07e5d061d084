"""The official Python clients behind one face: an operation and its parameters in, a reply or a refusal out.

Each is used as its own users use it: typed requests and responses, its own exceptions. Nothing of them is changed.
"""

import asyncio
import importlib
import json
import re
from dataclasses import dataclass

from alibabacloud_smc20190601 import models
from alibabacloud_smc20190601.client import Client as SmcClient
from alibabacloud_tea_openapi import exceptions as v2_exceptions
from alibabacloud_tea_openapi import models as openapi_models
from alibabacloud_tea_util.models import ExtendsParameters, RuntimeOptions
from aliyunsdkcore.acs_exception.exceptions import ServerException as V1ServerException
from aliyunsdkcore.client import AcsClient

from harness.wire import Key


@dataclass
class Refused(Exception):
    """A refusal as a client's user meets it."""

    raised: Exception
    status: int
    code: str
    message: str
    request_id: str
    denied: dict | None = None
    retry_after: int | None = None


class V2:
    """`alibabacloud_smc20190601`, its blocking methods; V3 signatures."""

    tenant = "python-v2"
    tells_all = True
    """Whether its exceptions carry AccessDeniedDetail and when to try again."""

    def __init__(self, endpoint, algorithm=None):
        self._endpoint, self._algorithm = endpoint, algorithm

    def call(self, key: Key, action, headers=None, **params) -> dict:
        """The response's body as a mapping, after its type was looked at."""
        config = openapi_models.Config(
            access_key_id=key.id, access_key_secret=key.secret, endpoint=self._endpoint, protocol="http",
            signature_algorithm=self._algorithm,
        )
        runtime = RuntimeOptions(extends_parameters=ExtendsParameters(headers=headers)) if headers else RuntimeOptions()
        request = getattr(models, f"{action}Request")().from_map(params)
        try:
            response = self._send(SmcClient(config), _snake(action), request, runtime)
        except v2_exceptions.AlibabaCloudException as error:
            raise self._refusal(error) from error
        assert type(response) is getattr(models, f"{action}Response")
        assert response.status_code == 200
        assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", response.body.request_id)
        return response.body.to_map()

    def _send(self, client, name, request, runtime):
        return getattr(client, f"{name}_with_options")(request, runtime)

    def expected_class(self, refusal: Refused):
        """The class that the client's documentation promises for a refusal."""
        if refusal.retry_after is not None:
            return v2_exceptions.ThrottlingException
        return v2_exceptions.ServerException if refusal.status >= 500 else v2_exceptions.ClientException

    def expected_code(self, code):
        """The code that a user sees for a code that was sent."""
        return code

    @staticmethod
    def _refusal(error) -> Refused:
        assert error.data["RequestId"] == error.request_id
        return Refused(
            raised=error, status=error.status_code, code=error.code, message=error.message,
            request_id=error.request_id, denied=getattr(error, "access_denied_detail", None),
            retry_after=getattr(error, "retry_after", None),
        )


class V2Async(V2):
    """The same, its coroutines."""

    tenant = "python-v2-async"

    def _send(self, client, name, request, runtime):
        return asyncio.run(getattr(client, f"{name}_with_options_async")(request, runtime))


class V1:
    """`aliyun-python-sdk-smc`; RPC signatures."""

    tenant = "python-v1"
    tells_all = False

    def __init__(self, endpoint):
        self._endpoint = endpoint

    def call(self, key: Key, action, **params) -> dict:
        """The response's body, decoded."""
        raw = self._send(key, self.request(action, params))
        body = json.loads(raw)
        assert body["RequestId"]
        return body

    def request(self, action, params=None):
        """A typed request, filled through its own setters where it has them."""
        module = importlib.import_module(f"aliyunsdksmc.request.v20190601.{action}Request")
        request = getattr(module, f"{action}Request")()
        request.set_accept_format("json")
        request.set_endpoint(self._endpoint)
        request.set_protocol_type("http")
        for name, value in (params or {}).items():
            setter = getattr(request, f"set_{name}", None) or getattr(request, f"set_{name}s", None)
            setter(value) if setter else request.add_query_param(name, value)
        return request

    def client(self, key: Key) -> AcsClient:
        """The client itself, for what has no typed face."""
        return AcsClient(key.id, key.secret, "cn-hangzhou", auto_retry=False)

    def _send(self, key, request):
        try:
            return self.client(key).do_action_with_exception(request)
        except V1ServerException as error:
            raise Refused(
                raised=error, status=error.http_status, code=error.error_code, message=error.message,
                request_id=error.request_id,
            ) from error

    def expected_class(self, _):
        """All refusals by the server are of one class."""
        return V1ServerException

    def expected_code(self, code):
        """This client tells a wrong secret from a wrong request by the string to sign that it is shown."""
        return "InvalidAccessKeySecret" if code == "SignatureDoesNotMatch" else code


def _snake(action) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
