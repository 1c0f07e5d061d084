"""Machines that become migration sources: this one through the real agent, and as many others as a test needs.

The real agent imports the machine it runs on, and a machine is one source in an account however often it comes. The
others are played: they speak the agent's protocol with a key of their own, and the center cannot tell them apart.

    python -m harness.machines TENANT    imports a played machine and prints its source id (for suites in other languages)
"""

import base64
import datetime
import hashlib
import json
import os
import secrets
import ssl
import subprocess
import sys
import tempfile
import time
from http.client import HTTPSConnection
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.setting import Setting
from harness.wire import Endpoint

GIB = 1 << 30
JOB_WITHIN_SECONDS = 60


def import_this_machine(setting: Setting, tenant: str, name=None, images_only=False) -> dict:
    """Imports this machine with the real agent: an image file as its only sure disk, a fresh state directory."""
    code = create_code(setting, tenant)
    place = Path(tempfile.mkdtemp(prefix="machine-", dir=setting.work_dir))
    disk = place / "disk.img"
    disk.write_bytes(_partitioned_disk())
    command = [
        *setting.agent, "import", "--server", setting.agent_url, "--ca-fingerprint", setting.ca_fingerprint,
        "--token-id", code["AccessTokenId"], "--disk", disk, "--state-dir", place / "state", "--output", "json",
    ]
    if images_only:
        command.append("--images-only")
    if name:
        command += ["--name", name]
    environment = {**os.environ, "LANDFALL_TOKEN_CODE": code["AccessTokenCode"]}
    for variable in ("https_proxy", "HTTPS_PROXY"):
        environment.pop(variable, None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"the agent ended with {done.returncode}: {done.stderr}")
    assert code["AccessTokenCode"] not in done.stdout + done.stderr, "the agent printed the activation code"
    imported = json.loads(done.stdout)
    return {
        "source_id": imported["source_id"], "disk": str(disk), "said": imported, "code": code["AccessTokenId"],
        "state_dir": str(place / "state"),
    }


def import_played_machine(setting: Setting, tenant: str, hostname="played-host") -> dict:
    """Imports a machine that exists in this protocol only; returns the center's reply."""
    code = create_code(setting, tenant)
    request = {
        "protocol": 1,
        "agent_version": "0.1.0",
        "token_id": code["AccessTokenId"],
        "token_code": code["AccessTokenCode"],
        "machine": hashlib.sha256(secrets.token_bytes(32)).hexdigest(),
        "inventory": _inventory(hostname),
    }
    context = ssl.create_default_context()
    # The center under test is a child of this process on loopback; that agents pin it is proven elsewhere.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with tempfile.NamedTemporaryFile(dir=setting.work_dir, suffix=".pem") as identity:
        identity.write(_agent_identity())
        identity.flush()
        context.load_cert_chain(identity.name)
    connection = HTTPSConnection(setting.agent_url.removeprefix("https://"), context=context, timeout=20)
    try:
        body = json.dumps(request)
        connection.request("POST", "/agent/v1/import", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        reply = json.loads(response.read())
    finally:
        connection.close()
    if response.status != 200:
        raise RuntimeError(f"the center refused the machine: {response.status} {reply}")
    return {**reply, "code": code["AccessTokenId"]}


def create_code(setting: Setting, tenant: str) -> dict:
    """Creates an activation code of a tenant."""
    reply = Endpoint(setting.endpoint).v3(setting.key(tenant, "owner"), "CreateAccessToken", {"Count": "5"})
    assert reply.status == 200, reply.raw
    return reply.body


def create_workgroup(setting: Setting, tenant: str) -> str:
    """Creates a workgroup of a tenant, and gives its id."""
    reply = Endpoint(setting.endpoint).v3(setting.key(tenant, "owner"), "CreateWorkgroup", {})
    assert reply.status == 200, reply.raw
    return reply.body["WorkgroupId"]


def create_job(setting: Setting, tenant: str, source: str, **more) -> str:
    """Creates a replication job of a source of a tenant, and gives its id."""
    params = {"RegionId": "cn-hangzhou", "SourceId": source, **more}
    reply = Endpoint(setting.endpoint).v3(setting.key(tenant, "owner"), "CreateReplicationJob", params)
    assert reply.status == 200, reply.raw
    return reply.body["JobId"]


def syncing_job(setting: Setting, tenant: str) -> str:
    """A job that copies, with much to do and little that it may use of the network."""
    machine = import_this_machine(setting, tenant, images_only=True)
    with open(machine["disk"], "r+b") as disk:
        disk.seek(4 << 20)
        disk.write(secrets.token_bytes(8 << 20))
    slow = {"ReplicationParameters": json.dumps({"bandwidth_limit": 16, "compress_level": 0})}
    return _copied_job(setting, tenant, machine, slow, ("BusinessStatus", "Syncing"))


def waiting_job(setting: Setting, tenant: str) -> str:
    """An incremental job between two runs."""
    machine = import_this_machine(setting, tenant, images_only=True)
    every = {"RunOnce": "false", "Frequency": "24", "MaxNumberOfImageToKeep": "2"}
    return _copied_job(setting, tenant, machine, every, ("Status", "Waiting"))


def _copied_job(setting, tenant, machine, params, wanted):
    """A job that the real agent works on until it is as wanted; the agent is gone then."""
    job = create_job(setting, tenant, machine["source_id"], **params)
    agent = subprocess.Popen(
        [*setting.agent, "run", "--state-dir", machine["state_dir"]],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        _start(setting, tenant, job)
        return _becomes(setting, tenant, job, *wanted)
    finally:
        agent.kill()
        agent.wait()


def _start(setting, tenant, job):
    reply = Endpoint(setting.endpoint).v3(setting.key(tenant, "owner"), "StartReplicationJob", {"JobId": job})
    assert reply.status == 200, reply.raw


def _becomes(setting, tenant, job, member, wanted):
    """Follows a job until a member of it is as wanted; gives its id."""
    until = time.monotonic() + JOB_WITHIN_SECONDS
    while True:
        listed = Endpoint(setting.endpoint).v3(setting.key(tenant, "owner"), "DescribeReplicationJobs", {"JobId.1": job})
        assert listed.status == 200, listed.raw
        shown = listed.body["ReplicationJobs"]["ReplicationJob"][0]
        if shown.get(member) == wanted:
            return job
        assert shown["Status"] == "Running" and time.monotonic() < until, f"not {wanted}: {shown}"


def _agent_identity() -> bytes:
    """A key and the self-signed certificate that carries it, as agents make them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "agent")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _inventory(hostname) -> dict:
    system = {"number": 1, "path": "/dev/vda1", "start_bytes": 1 << 20, "size_bytes": 39 * GIB,
              "content": {"filesystem": "ext4", "mounts": ["/"]}}
    data = {"number": 1, "path": "/dev/vdb1", "start_bytes": 1 << 20, "size_bytes": 99 * GIB,
            "content": {"filesystem": "xfs", "mounts": ["/srv"]}}
    return {
        "hostname": hostname,
        "os": {"platform": "Debian", "name": "Debian GNU/Linux 12 (bookworm)", "version": "12"},
        "kernel": "6.1.0-18-amd64",
        "architecture": "x86_64",
        "cpu": {"model": "Some Processor", "count": 4, "usage_percent": 7.5},
        "memory": {"total_bytes": 16 * GIB, "available_bytes": 9 * GIB},
        "addresses": ["192.0.2.17"],
        "disks": [
            {"path": "/dev/vda", "size_bytes": 40 * GIB, "sector_bytes": 512, "system": True, "partitions": [system]},
            {"path": "/dev/vdb", "size_bytes": 100 * GIB, "sector_bytes": 512, "partitions": [data]},
        ],
    }


def _partitioned_disk() -> bytes:
    """A disk of 16 MiB with a boot record and one Linux partition from sector 2048 on."""
    disk = bytearray(16 << 20)
    disk[0x1B8:0x1BC] = base64.b16decode("C0FFEE01")
    disk[0x1BE:0x1CE] = bytes([0x80, 0, 0, 0, 0x83, 0, 0, 0]) + (2048).to_bytes(4, "little") + (
        len(disk) // 512 - 2048).to_bytes(4, "little")
    disk[0x1FE:0x200] = b"\x55\xaa"
    return bytes(disk)


if __name__ == "__main__":
    print(import_played_machine(Setting.load(), sys.argv[1])["source_id"])
