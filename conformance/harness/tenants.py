"""Accounts with users and keys, made as an operator makes them: with `landfall admin`, beside the running center."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor


def run(command, *words, account=None, given=None):
    """Runs `landfall admin` on an account, with a text on its standard input; returns the finished process."""
    scope = ["--account", account] if account else []
    return subprocess.run([*command, *scope, *words], input=given, capture_output=True, text=True, timeout=60)


def create(command, names) -> dict:
    """Makes an account for each name: its owner's key, a user without rights, one who may only look, and a disabled key."""

    def admin(*words, account=None):
        return done(run(command, *words, account=account))

    def tenant(name):
        made = admin("account", "create", name)
        account = made["AccountId"]
        admin("user", "create", "nobody", account=account)
        admin("user", "create", "reader", account=account)
        admin("policy", "attach", "LandfallReadOnlyAccess", "--user", "reader", account=account)
        keys = {"owner": key(made)}
        for role, user in (("nobody", "nobody"), ("reader", "reader"), ("disabled", "reader")):
            keys[role] = key(admin("key", "create", "--user", user, account=account))
        admin("key", "disable", keys["disabled"]["id"], account=account)
        return name, {"account": account, "keys": keys}

    # At a time only as many as this machine runs well: each is a process.
    with ThreadPoolExecutor(4) as pool:
        return dict(pool.map(tenant, names))


def done(process) -> dict:
    """What a process printed, if it did its work."""
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, process.args))}: {process.stderr}")
    return json.loads(process.stdout) if process.stdout.strip() else {}


def key(made) -> dict:
    """A key as the setting has it."""
    return {"id": made["AccessKeyId"], "secret": made["AccessKeySecret"]}
