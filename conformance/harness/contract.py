"""The contract as the model has it: which operations there are, what a valid call of each is, and how to spoil it."""

import html
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MODELS = ("smc-2019-06-01.json", "landfall-2026-11-24.json")
BOOK = ROOT / "docs/src/reference/errors.md"

# Identities are named by these parameters, everything else by ids with a prefix.
IDENTITIES = {
    "UserName": "nobody-has-this-name", "PolicyName": "no-policy-has-this-name", "UserAccessKeyId": "LTAI5tUnknownUnknown0001",
}

# Well-formed ids that no center gave out, and names that nobody has.
UNKNOWN = {prefix: prefix + "00unknown00unknown00" for prefix in ("at-", "s-", "j-", "w-", "m-")} | IDENTITIES


@dataclass(frozen=True)
class Operation:
    """An operation as the model declares it."""

    name: str
    version: str
    built: bool
    parameters: tuple

    def call(self, ids) -> dict:
        """The smallest valid call that names a resource, if the operation can name one; `ids` by prefix."""
        sent = {}
        for parameter in self.parameters:
            if parameter.get("type") == "object":
                continue
            required = parameter.get("required") and self._owner_is_required(parameter["name"])
            if required or self.prefix_of(parameter):
                sent[one(parameter["name"])] = self._value(parameter, ids)
        return sent

    def required(self):
        """The first parameter that a call cannot do without, or None."""
        for parameter in self.parameters:
            if parameter.get("required") and parameter.get("type") != "object":
                if self._owner_is_required(parameter["name"]):
                    return parameter
        return None

    def required_in_part(self):
        """The first parameter that is required beside another of the same list element, with that other, or None."""
        for parameter in self.parameters:
            owner, _, member = parameter["name"].rpartition(".")
            if parameter.get("required") and owner and member != "N":
                beside = (other for other in self.parameters
                          if other["name"].startswith(f"{owner}.") and other is not parameter)
                other = next(beside, None)
                if other:
                    return parameter, other
        return None

    def constrained(self):
        """The first parameter with a rule that a value can break, and such a value; None if there is none."""
        for parameter in self.parameters:
            kind = parameter.get("type")
            if kind in ("int32", "int64", "numeric_string"):
                return parameter, "1e2"
            if kind == "boolean":
                return parameter, "maybe"
            if parameter.get("enum"):
                return parameter, "no-such-choice"
            if parameter.get("format") == "id":
                return parameter, "not an id"
            if "max_len" in parameter:
                return parameter, "x" * (parameter["max_len"] + 1)
        return None

    def names_resource(self) -> bool:
        """Whether a call can name something that an account has."""
        return any(self.prefix_of(parameter) for parameter in self.parameters)

    def prefix_of(self, parameter):
        """What a parameter names in a table of ids, if it names a resource of this product: the prefix, or its own name."""
        if parameter.get("prefix") in UNKNOWN:
            return parameter["prefix"]
        if parameter["name"] in IDENTITIES and self.name not in ("CreateUser", "CreatePolicy"):
            return parameter["name"]
        example = str(parameter.get("example", ""))
        if parameter["name"] in ("ResourceId", "ResourceId.N"):
            return next((prefix for prefix in UNKNOWN if example.startswith(prefix)), "s-")
        return None

    def _owner_is_required(self, name) -> bool:
        owner = name.rpartition(".")[0] if not name.endswith(".N") else ""
        if not owner:
            return True
        return any(p["name"] == owner and p.get("required") for p in self.parameters)

    def _value(self, parameter, ids):
        prefix = self.prefix_of(parameter)
        if prefix:
            return ids[prefix]
        if parameter.get("enum"):
            return parameter["enum"][0]
        return str(parameter.get("example", "text"))


def operations() -> list:
    """Every operation of the model, Landfall's own last."""
    found = []
    for name in MODELS:
        model = json.loads((ROOT / "crates/smc-model/model" / name).read_text())
        for row in model["operations"]:
            found.append(Operation(row["name"], model["version"], row["built"], tuple(row["parameters"])))
    return found


def documented(code: str) -> bool:
    """Whether the book has an entry for an error code; `<Parameter>` in an entry stands for any name."""
    return any(pattern.fullmatch(code) for pattern in _documented())


def one(name: str) -> str:
    """The name of the first element: `Tag.N.Key` is `Tag.1.Key`."""
    return name.replace(".N", ".1")


@lru_cache
def _documented():
    codes = re.findall(r"^### (\S+)$", html.unescape(BOOK.read_text()), re.MULTILINE)
    parts = [re.split(r"<\w+>", code) for code in codes]
    return [re.compile(r"[A-Za-z0-9.-]+".join(map(re.escape, part))) for part in parts]
