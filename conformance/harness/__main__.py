"""Runs all suites against one center and says what came of them; `conformance/run` has installed what they need."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import machines, tenants
from harness.center import Center
from harness.setting import VARIABLE, Setting

HOME = Path(__file__).resolve().parent.parent
TENANTS = ("python-v2", "python-v2-async", "python-v1", "node-pop-get", "node-pop-post", "node-v3", "node-v3-get",
           "node-v3-form", "node-v3-json", "node-v2", "node-v2-form", "node-core", "raw", "golden", "samples", "other")


def main() -> int:
    """Runs the suites; the result is the exit code."""
    arguments = _arguments()
    programs = _programs()
    directory = Path(tempfile.mkdtemp(prefix="landfall-conformance-"))
    failed = []
    began = time.monotonic()
    with Center(programs[0], directory) as center:
        setting = _setting(center, programs, directory)
        environment = {**os.environ, VARIABLE: str(directory / "setting.json"), "PYTHONDONTWRITEBYTECODE": "1"}
        rows = []
        for name, command in _suites(arguments):
            started = time.monotonic()
            code = _run(command, environment)
            rows.append((name, code, time.monotonic() - started))
    if not center.stopped_cleanly():
        rows.append(("the center stops when asked", 1, 0.0))
    failed = [row for row in rows if row[1]]
    _summary(rows, time.monotonic() - began)
    if failed or arguments.keep:
        print(f"the center's log and data are kept in {directory}")
    else:
        shutil.rmtree(directory)
    return 1 if failed else 0


def _arguments():
    parser = argparse.ArgumentParser(
        prog="conformance/run", description="The official clients against a running center.",
        epilog="LANDFALL_BIN names the program to test (default: target/release or target/debug of this tree), "
        "LANDFALL_AGENT_BIN an agent to import with (default: the program's own agent).",
    )
    parser.add_argument("--update", action="store_true", help="write the golden table anew instead of comparing")
    parser.add_argument("--only", action="append", choices=["python", "node", "raw", "samples", "golden"], help="run this suite only")
    parser.add_argument("--keep", action="store_true", help="keep the center's log and data")
    parser.add_argument("-k", dest="matching", metavar="WORDS", help="tests with these words in their names only")
    return parser.parse_args()


def _programs():
    """The program under test, and the command of the agent."""
    root = HOME.parent
    named = os.environ.get("LANDFALL_BIN")
    known = [root / "target/release/landfall", root / "target/debug/landfall"]
    program = Path(named) if named else next((path for path in known if path.is_file()), None)
    if program is None or not program.is_file():
        sys.exit("there is no landfall to test; build it with cargo build --release, or name it in LANDFALL_BIN")
    agent = os.environ.get("LANDFALL_AGENT_BIN")
    program = program.resolve()
    return program, [str(Path(agent).resolve())] if agent else [str(program), "agent"]


def _setting(center, programs, directory) -> Setting:
    setting = Setting(
        endpoint=center.api, agent_url=f"https://{center.agents}",
        ca_fingerprint=center.agent_endpoint()["ca_fingerprint"], agent=programs[1],
        admin=[str(programs[0]), "admin", "--data-dir", str(center.data), "--output", "json"], python=sys.executable,
        work_dir=str(directory), tenants={},
    )
    setting.tenants = tenants.create(setting.admin, TENANTS)
    # What no other tenant may see or name.
    other = setting.tenants["other"]
    other["token"] = machines.create_code(setting, "other")["AccessTokenId"]
    other["source"] = machines.import_played_machine(setting, "other")["source_id"]
    other["workgroup"] = machines.create_workgroup(setting, "other")
    other["job"] = machines.create_job(setting, "other", other["source"])
    setting.save(directory / "setting.json")
    return setting


def _suites(arguments):
    matching = ["-k", arguments.matching] if arguments.matching else []
    pytest = [sys.executable, "-m", "pytest", *matching]
    node = ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", *(["--test-name-pattern", arguments.matching] if arguments.matching else [])]
    suites = {
        "python": [*pytest, "python"],
        "node": [*node, *sorted(str(path) for path in (HOME / "node").glob("*.test.mjs"))],
        "raw": [*pytest, "raw"],
        "samples": [*pytest, "samples"],
        "golden": [*pytest, "golden", *(["--update"] if arguments.update else [])],
    }
    return [(name, command) for name, command in suites.items() if not arguments.only or name in arguments.only]


def _run(command, environment) -> int:
    """Runs a suite; Node's runner tells too much of what passed, so of it only the end is shown."""
    if command[0] != "node":
        return subprocess.run(command, cwd=HOME, env=environment).returncode
    done = subprocess.run(command, cwd=HOME, env=environment, stdout=subprocess.PIPE, text=True)
    counts, _, failures = done.stdout.partition("✖ failing tests:")
    print("\n".join(line for line in counts.splitlines() if line.startswith("ℹ")) + failures, flush=True)
    return done.returncode


def _summary(rows, seconds):
    print("\nconformance:")
    for name, code, took in rows:
        print(f"  {name:8} {'passed' if code == 0 else 'FAILED':7} {took:6.1f} s")
    print(f"  {'all' if not any(code for _, code, _ in rows) else 'not all'} passed in {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
