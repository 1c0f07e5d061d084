"""What a suite is told: where the center is and with which keys to speak to it.

It travels as one JSON file, named by LANDFALL_CONFORMANCE_SETTING, so that suites in any language can read it.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.wire import Key

VARIABLE = "LANDFALL_CONFORMANCE_SETTING"


@dataclass
class Setting:
    """Where the center is, how agents reach it, and who may call it."""

    endpoint: str
    """`HOST:PORT` of the API."""
    agent_url: str
    """Where agents connect."""
    ca_fingerprint: str
    """What agents pin."""
    agent: list
    """The agent's command."""
    admin: list
    """The command that manages identities on the center's data, to which an account and words are added."""
    python: str
    """A Python that has what the harness needs."""
    work_dir: str
    """Where suites may leave files."""
    tenants: dict
    """For each tenant its account, and its keys by role: owner, nobody, reader, disabled."""

    @classmethod
    def load(cls):
        """Reads the file that the environment names."""
        if VARIABLE not in os.environ:
            raise RuntimeError("no center to test against; start the suites with conformance/run")
        return cls(**json.loads(Path(os.environ[VARIABLE]).read_text()))

    def save(self, path: Path):
        """Writes it for suites to read; it holds secrets of a center that ends with the run."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=1))

    def key(self, tenant, role) -> Key:
        """The key of a tenant's owner or user."""
        return Key(**self.tenants[tenant]["keys"][role])
