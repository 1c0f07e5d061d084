"""What every operation answers to every kind of call, against the committed table.

A cell is the status and code observed, or `-` where the case cannot exist; the last column says why it cannot. A
difference is a failure: `conformance/run --only golden --update` writes the table anew, for a person to read the diff.
"""

import difflib
from pathlib import Path

import pytest

from harness import machines
from harness.contract import IDENTITIES, UNKNOWN, documented, one, operations
from harness.wire import Endpoint, Key

TABLE = Path(__file__).with_name("operations.tsv")
CASES = ("ok", "missing parameter", "bad value", "bad signature", "no permission", "other account", "unknown id")


class Impossible(Exception):
    """The case cannot exist for this operation; says why."""


def test_every_operation_answers_as_the_table_says(setting, request):
    lines = ["\t".join(["operation", "version", *CASES, "cells that cannot be"])]
    bench = Bench(setting)
    for operation in operations():
        cells, reasons = [], []
        for case in CASES:
            try:
                cells.append(bench.observe(operation, case))
            except Impossible as reason:
                cells.append("-")
                reasons.append(f"{case}: {reason}")
        other, unknown = cells[-2:]
        assert other == unknown, f"{operation.name} tells whether another account has an id: {other}, {unknown}"
        lines.append("\t".join([operation.name, operation.version, *cells, "; ".join(reasons)]))
    observed = "\n".join(lines) + "\n"
    if request.config.getoption("--update"):
        TABLE.write_text(observed)
    expected = TABLE.read_text() if TABLE.exists() else ""
    if observed != expected:
        diff = difflib.unified_diff(expected.splitlines(), observed.splitlines(), "committed", "observed", lineterm="", n=0)
        pytest.fail("the golden table differs:\n" + "\n".join(diff), pytrace=False)


class Bench:
    """Calls operations in a tenant of its own."""

    def __init__(self, setting):
        self.setting = setting
        self.endpoint = Endpoint(setting.endpoint)
        self.owner = setting.key("golden", "owner")
        self.source = self._source()
        self.workgroup = machines.create_workgroup(setting, "golden")
        self.identities = 0
        self.others = self._identities(setting.key("other", "owner"))

    def observe(self, operation, case) -> str:
        """The cell of an operation and a case."""
        key, params = self.owner, operation.call(self._own_ids(operation, case))
        if case == "missing parameter":
            params = self._without(operation, params)
        elif case == "bad value":
            params = self._spoiled(operation, params)
        elif case == "bad signature":
            key = Key(key.id, key.secret + "x")
        elif case == "no permission":
            key = self.setting.key("golden", "nobody")
        elif case in ("other account", "unknown id"):
            if not operation.names_resource():
                raise Impossible("it names no resource")
            params = operation.call(self._other_ids() if case == "other account" else UNKNOWN)
        reply = self.endpoint.v3(key, operation.name, params, version=operation.version)
        return cell(operation, case, reply)

    def _without(self, operation, params):
        required = operation.required()
        if required:
            return {name: value for name, value in params.items() if name != one(required["name"])}
        in_part = operation.required_in_part()
        if in_part:
            _, beside = in_part
            return {**params, one(beside["name"]): "value"}
        raise Impossible("nothing is required")

    def _spoiled(self, operation, params):
        constrained = operation.constrained()
        if not constrained:
            raise Impossible("it takes no parameter")
        parameter, value = constrained
        return {**params, one(parameter["name"]): value}

    def _own_ids(self, operation, case):
        """Resources for one call; those that the call may remove are made for it."""
        own = ("DeleteSourceServer", "CreateReplicationJob")
        source = self._source() if operation.name in own else self.source
        token = machines.create_code(self.setting, "golden")["AccessTokenId"]
        emptied = operation.name == "DeleteWorkgroup"
        workgroup = machines.create_workgroup(self.setting, "golden") if emptied else self.workgroup
        of_job = operation.name.endswith(("ReplicationJob", "ReplicationJobAttribute")) and operation.name not in own
        job = self._job(operation, case) if of_job else UNKNOWN["j-"]
        identities = self._identities(self.owner, operation)
        return {**UNKNOWN, "at-": token, "s-": source, "w-": workgroup, "j-": job, **identities}

    def _job(self, operation, case):
        """A job; where the call is to succeed, in the state that it needs."""
        if (operation.name, case) == ("StopReplicationJob", "ok"):
            return machines.syncing_job(self.setting, "golden")
        if (operation.name, case) == ("CutOverReplicationJob", "ok"):
            return machines.waiting_job(self.setting, "golden")
        return machines.create_job(self.setting, "golden", self._source())

    def _other_ids(self):
        other = self.setting.tenants["other"]
        return {
            **UNKNOWN, "at-": other["token"], "s-": other["source"], "w-": other["workgroup"], "j-": other["job"],
            **self.others,
        }

    def _identities(self, key, operation=None):
        """A user, a key of it and a policy, for one call that may remove them."""
        if operation and not any(parameter["name"] in IDENTITIES for parameter in operation.parameters):
            return {}
        self.identities += 1
        user, policy = f"golden-user-{self.identities}", f"golden-policy-{self.identities}"
        document = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"smc:List*","Resource":"*"}]}'
        self._own(key, "CreateUser", UserName=user)
        self._own(key, "CreatePolicy", PolicyName=policy, PolicyDocument=document)
        if operation and operation.name == "DetachPolicyFromUser":
            self._own(key, "AttachPolicyToUser", UserName=user, PolicyName=policy)
        made = {"UserName": user, "PolicyName": policy}
        if not operation or operation.name != "DeleteUser":
            made["UserAccessKeyId"] = self._own(key, "CreateAccessKey", UserName=user)["AccessKeyId"]
        return made

    def _own(self, key, name, **params):
        reply = self.endpoint.v3(key, name, params, version="2026-11-24")
        assert reply.status == 200, f"{name}: {reply.status} {reply.raw[:300]}"
        return reply.body

    def _source(self):
        return machines.import_played_machine(self.setting, "golden")["source_id"]


def cell(operation, case, reply) -> str:
    """What a reply is in the table, after what holds for every reply was checked."""
    told = f"{operation.name}, {case}: {reply.status} {reply.raw[:300]}"
    assert reply.body is not None and reply.headers["content-type"] == "application/json;charset=utf-8", told
    assert reply.body.get("RequestId") and reply.headers["x-acs-request-id"] == reply.body["RequestId"], told
    if reply.status != 200:
        assert documented(reply.code), f"the book has no {reply.code} ({told})"
        assert reply.body["Message"] and reply.body["HostId"] and reply.body["Recommend"], told
        assert ("AccessDeniedDetail" in reply.body) == (case == "no permission"), told
        return f"{reply.status} {reply.code}"
    assert "Code" not in reply.body, told
    empty = case in ("other account", "unknown id") and shows_nothing(reply.body)
    return "200 empty" if empty else "200 OK"


def shows_nothing(body) -> bool:
    """Whether a reply lists nothing: it has a list, and no list has anything in it."""
    lists = [inner for outer in body.values() if isinstance(outer, dict) for inner in outer.values()]
    return bool(lists) and not any(lists)
