"""The book's samples for each client, run as they are printed, but for the center's address."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from harness.wire import Endpoint

HOME = Path(__file__).resolve().parent.parent
PAGES = HOME.parent / "docs/src/sdk"
PRINTED = "127.0.0.1:8620"


def samples():
    """Every program in the pages of the clients that are installed here."""
    for page in sorted(PAGES.glob("*.md")):
        for number, (language, text) in enumerate(re.findall(r"^```(\w+)\n(.*?)^```", page.read_text(), re.M | re.S), 1):
            if language in ("python", "js"):
                yield pytest.param(language, text, id=f"{page.name}-{number}")


@pytest.mark.parametrize(("language", "text"), list(samples()))
def test_sample(setting, language, text):
    key, center = setting.key("samples", "owner"), Endpoint(setting.endpoint)
    left = {code["AccessTokenId"] for code in codes(center, key)}
    assert PRINTED in text, "the sample does not call a center"
    done = subprocess.run(
        command(setting, language, text), input=text.replace(PRINTED, setting.endpoint), cwd=HOME / "node",
        env={**os.environ, "ALIBABA_CLOUD_ACCESS_KEY_ID": key.id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.secret},
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert key.secret not in done.stdout + done.stderr
    assert done.stdout.strip(), "a sample shows its reader something"
    # Samples tidy up after themselves: readers run them against centers that matter.
    assert {code["AccessTokenId"] for code in codes(center, key)} == left


def command(setting, language, text):
    """What runs a sample that comes on standard input."""
    if language == "python":
        return [setting.python, "-"]
    return ["node", f"--input-type={'commonjs' if 'require(' in text else 'module'}", "-"]


def codes(center, key):
    """The codes of the account that samples run in."""
    return center.v3(key, "ListAccessTokens").body["AccessTokens"]["AccessToken"]
