"""Each test runs once for each client, in an account of that client's own."""

import re
from dataclasses import dataclass

import pytest

from clients import V1, V2, Refused, V2Async
from harness import machines
from harness.wire import Endpoint, Key

CLIENTS = {"v2": V2, "v2-async": V2Async, "v1": V1}


@dataclass
class User:
    """A client and the account it works in."""

    client: object
    setting: object

    @property
    def tenant(self):
        """The account."""
        return self.client.tenant

    def call(self, action, **params):
        """Calls as the account's owner."""
        return self.client.call(self.key("owner"), action, **params)

    def key(self, role) -> Key:
        """The key of a role, or one that is wrong on purpose."""
        owner = self.setting.key(self.tenant, "owner")
        wrong = {"wrong secret": Key(owner.id, owner.secret[::-1]), "unknown key": Key("LTAI" + "0" * 20, owner.secret)}
        return wrong[role] if role in wrong else self.setting.key(self.tenant, role)

    def code(self, **params):
        """Creates a code; returns the reply."""
        return self.call("CreateAccessToken", **params)

    def codes(self, **filters):
        """The codes that a list shows."""
        return self.call("ListAccessTokens", **filters)["AccessTokens"]["AccessToken"]

    def machine(self, hostname="played-host"):
        """Imports another machine; returns its source id."""
        return machines.import_played_machine(self.setting, self.tenant, hostname)["source_id"]

    def job(self, source=None, **params):
        """Creates a replication job, of another machine unless a source is given; returns its id."""
        source = source or self.machine()
        return self.call("CreateReplicationJob", RegionId="cn-hangzhou", SourceId=source, **params)["JobId"]

    def jobs(self, **filters):
        """The replication jobs that a list shows."""
        return self.call("DescribeReplicationJobs", **filters)["ReplicationJobs"]["ReplicationJob"]

    def sources(self, **filters):
        """The sources that a list shows."""
        return self.call("DescribeSourceServers", **filters)["SourceServers"]["SourceServer"]


@pytest.fixture(params=CLIENTS)
def user(request, setting):
    """A user of each client."""
    return User(CLIENTS[request.param](setting.endpoint), setting)


@pytest.fixture
def emulator(setting):
    """The emulator's controls; its clock is put back afterwards."""
    endpoint = Endpoint(setting.endpoint)
    moved = []

    class Controls:
        """What the emulator offers beside the API."""

        def fault(self, **fault):
            """Makes the next calls fail."""
            endpoint.control("faults", fault)

        def advance(self, days=0, minutes=0):
            """Moves the clock forward."""
            seconds = days * 86_400 + minutes * 60
            moved.append(seconds)
            endpoint.control("clock", {"advance": f"{seconds}s"})

    yield Controls()
    if moved:
        endpoint.control("clock", {"advance": f"{-sum(moved)}s"})


@pytest.fixture
def refused():
    """Makes a call that must be refused; returns the refusal after its form was looked at."""

    def refuse(user, action, key=None, **params) -> Refused:
        with pytest.raises(Refused) as caught:
            user.client.call(key or user.key("owner"), action, **params)
        refusal = caught.value
        assert type(refusal.raised) is user.client.expected_class(refusal)
        assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", refusal.request_id)
        return refusal

    return refuse
