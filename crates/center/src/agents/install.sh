#!/bin/sh
# Installs landfall-agent from the center that serves this script, imports this server, and keeps the agent
# running. Usage (the center prints it ready to paste):
#   script=$(curl -fsSk --pinnedpubkey 'sha256//…' https://CENTER/install.sh) && LANDFALL_TOKEN_CODE=… sh -c "$script" sh --token-id at-… [agent options]
# It does nothing before its last line, so that a script that was cut off on the way runs nothing.
# Settings, all by environment: LANDFALL_TOKEN_CODE (required), LANDFALL_SERVER (when the center is reached
# under another address), LANDFALL_PREFIX (default /usr/local), LANDFALL_STATE_DIR, LANDFALL_NO_SERVICE=1.
# The activation code is handed to the agent by environment only; it is never an argument or part of a URL.
set -eu

server=${LANDFALL_SERVER:-@SERVER@}
prefix=${LANDFALL_PREFIX:-/usr/local}
agent=$prefix/bin/landfall-agent

fail() {
    echo "landfall install: $*" >&2
    exit 1
}

install() {
    [ "$(id -u)" = 0 ] || fail "run as root: the agent reads this server's disks"
    [ -n "${LANDFALL_TOKEN_CODE:-}" ] || fail "LANDFALL_TOKEN_CODE is not set; put the activation code there"
    [ "$(uname -s)" = Linux ] || fail "this is $(uname -s); the agent runs on Linux"
    case $(uname -m) in
    x86_64 | amd64) ;;
    *) fail "this is $(uname -m); the agent is built for x86_64 so far" ;;
    esac
    for tool in curl sha256sum mktemp; do
        command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing; install it first"
    done

    mkdir -p "$prefix/bin"
    new=$(mktemp "$prefix/bin/.landfall-agent.XXXXXX")
    trap 'rm -f "$new"' EXIT
    trap 'exit 1' HUP INT TERM

    # The pin, not a public authority, says that this is the center.
    curl -fsSk --proto =https --pinnedpubkey '@KEY_PIN@' -o "$new" "$server/landfall-agent" ||
        fail "fetching the agent from $server failed"
    echo "@AGENT_SHA256@  $new" | sha256sum -c - >/dev/null 2>&1 || fail "the agent's file is not the one announced; try again"
    chmod 755 "$new"
    mv "$new" "$agent"

    LANDFALL_SERVER=$server LANDFALL_CA_FINGERPRINT='@CA_FINGERPRINT@' "$agent" import "$@"
    unset LANDFALL_TOKEN_CODE

    if [ -n "${LANDFALL_NO_SERVICE:-}" ]; then
        echo "landfall install: start the agent with: $agent run" >&2
    elif [ -d /run/systemd/system ]; then
        "$agent" service >/etc/systemd/system/landfall-agent.service
        systemctl daemon-reload
        systemctl enable landfall-agent.service
        # Not only started: an agent that already runs must take over the new file and source.
        systemctl restart landfall-agent.service
    else
        echo "landfall install: there is no systemd here; keep this running: $agent run" >&2
    fi
}

install "$@"
