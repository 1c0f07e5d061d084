// The commands that import a server, as `landfall token create` prints them.

/** Where agents connect, as GetAgentEndpoint says. */
export interface AgentEndpoint {
  CaFingerprint: string;
  TlsKeyPin: string;
  Addresses: readonly string[];
  HandsOutAgent: boolean;
}

/**
 * Installs the agent and imports the server. The code travels in the environment: arguments can be read by every user of the
 * server. `-k` because the pin, not a public authority, says who the center is.
 */
export function installCommand(endpoint: AgentEndpoint, id: string, code: string): string | undefined {
  const address = endpoint.Addresses[0];
  if (address === undefined || !endpoint.HandsOutAgent) return undefined;
  return `script=$(curl -fsSk --pinnedpubkey '${endpoint.TlsKeyPin}' https://${address}/install.sh) && LANDFALL_TOKEN_CODE=${code} sh -c "$script" sh --token-id ${id}`;
}

/** Imports a server that has the agent. */
export function importCommand(endpoint: AgentEndpoint, id: string, code: string): string | undefined {
  const address = endpoint.Addresses[0];
  if (address === undefined) return undefined;
  return `LANDFALL_TOKEN_CODE=${code} landfall-agent import --server https://${address} --ca-fingerprint ${endpoint.CaFingerprint} --token-id ${id}`;
}
