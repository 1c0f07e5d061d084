"""Requests as bytes: both signature schemes, with every part open to being wrong.

Only the standard library, so that what is sent is exactly what a test says. The official clients are proven in
their own suites; this one sends what none of them would.
"""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import quote

VERSION = "2019-06-01"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True)
class Key:
    """An AccessKey."""

    id: str
    secret: str


@dataclass
class Reply:
    """What came back; `body` is the decoded JSON, or None when it is not JSON."""

    status: int
    headers: dict
    raw: bytes
    body: dict | None

    @property
    def code(self):
        """The error code, or `OK`."""
        return "OK" if self.status == 200 else (self.body or {}).get("Code")


@dataclass
class Signed:
    """A request ready to be sent, which a test may still change."""

    method: str
    path: str
    query: str
    headers: dict
    body: bytes = b""


@dataclass
class Endpoint:
    """A center's API address, and a connection to it for each request."""

    address: str
    timeout: float = 20.0
    sent: int = field(default=0)

    def send(self, request: Signed) -> Reply:
        """Sends a request as it is."""
        self.sent += 1
        target = request.path + (f"?{request.query}" if request.query else "")
        connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
        try:
            connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
            headers = {"host": self.address, **request.headers}
            if request.body or request.method == "POST":
                headers.setdefault("content-length", str(len(request.body)))
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            try:
                connection.send(request.body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # A server may answer before it has read a body that is too large.
            response = connection.getresponse()
            raw = response.read()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, raw, _json(raw))
        finally:
            connection.close()

    def control(self, name, body=None) -> dict:
        """Uses a control of the emulator: reset, clock, faults."""
        reply = self.send(Signed("POST", f"/_landfall/{name}", "", {}, json.dumps(body or {}).encode()))
        assert reply.status == 200, reply.raw
        return reply.body

    def v3(self, key: Key, action: str, params=(), **changes) -> Reply:
        """Calls an operation with an ACS3 signature."""
        return self.send(v3(self.address, key, action, params, **changes))

    def v1(self, key: Key, action: str, params=(), **changes) -> Reply:
        """Calls an operation with an RPC signature."""
        return self.send(v1(key, action, params, **changes))


def v3(
    host, key, action, params=(), *, version=VERSION, method="POST", body=b"", content_type=None, date=None,
    nonce=None, path="/", query=None, headers=None,
) -> Signed:
    """Signs with ACS3-HMAC-SHA256. `params` go to the query, unless a `query` is given as it is."""
    query = encoded(params) if query is None else query
    named = {
        "host": host,
        "x-acs-action": action,
        "x-acs-version": version,
        "x-acs-date": date or timestamp(),
        "x-acs-signature-nonce": nonce or secrets.token_hex(16),
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        **(headers or {}),
    }
    if content_type:
        named["content-type"] = content_type
    names = ";".join(sorted(named))
    lines = "".join(f"{name}:{named[name].strip()}\n" for name in sorted(named))
    canonical_query = "&".join(sorted(segment for segment in query.split("&") if segment))
    canonical = "\n".join([method, path, canonical_query, lines, names, named["x-acs-content-sha256"]])
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(key.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    named["authorization"] = f"ACS3-HMAC-SHA256 Credential={key.id},SignedHeaders={names},Signature={signature}"
    return Signed(method, path, query, named, body)


def v1(key, action, params=(), *, version=VERSION, method="POST", in_body=False, date=None, nonce=None,
       response_format="JSON", leave_out=()) -> Signed:
    """Signs with HMAC-SHA1. Parameters go to the query, or all to a form body."""
    sent = [
        ("Action", action), ("Version", version), ("AccessKeyId", key.id), ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"), ("SignatureNonce", nonce or secrets.token_hex(16)),
        ("Timestamp", date or timestamp()), ("Format", response_format), *pairs(params),
    ]
    sent = [(name, value) for name, value in sent if name not in leave_out]
    canonical = "&".join(f"{escape(name)}={escape(value)}" for name, value in sorted(sent))
    to_sign = f"{method}&%2F&{escape(canonical)}"
    digest = hmac.new(f"{key.secret}&".encode(), to_sign.encode(), hashlib.sha1).digest()
    if "Signature" not in leave_out:
        sent.append(("Signature", base64.b64encode(digest).decode()))
    text = encoded(sent)
    if in_body:
        return Signed(method, "/", "", {"content-type": FORM}, text.encode())
    return Signed(method, "/", text, {})


def timestamp(offset_seconds=0) -> str:
    """The time of the system's clock, moved by an offset, as both schemes write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset_seconds))


def escape(text) -> str:
    """Percent-encodes all but the unreserved characters of RFC 3986."""
    return quote(str(text), safe="-_.~")


def pairs(params) -> list:
    """Parameters as pairs, in the order given."""
    return list(params.items() if isinstance(params, dict) else params)


def encoded(params) -> str:
    """Parameters as a query string or form."""
    return "&".join(f"{escape(name)}={escape(value)}" for name, value in pairs(params))


def _json(raw):
    try:
        return json.loads(raw)
    except ValueError:
        return None
