"""Accounts with users and keys, made as an operator makes them: with `landfall admin`, beside the running center."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def create(program: Path, data_dir: Path, names) -> dict:
    """Makes an account for each name: its owner's key, a user without rights, one who may only look, and a disabled key."""

    def admin(*words, account=None):
        scope = ["--account", account] if account else []
        done = subprocess.run(
            [program, "admin", "--data-dir", data_dir, "--output", "json", *scope, *words],
            capture_output=True, text=True, timeout=60,
        )
        if done.returncode != 0:
            raise RuntimeError(f"landfall admin {' '.join(words)}: {done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def key(made):
        return {"id": made["AccessKeyId"], "secret": made["AccessKeySecret"]}

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

    with ThreadPoolExecutor(4) as pool:
        return dict(pool.map(tenant, names))
