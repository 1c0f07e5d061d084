// A machine that tells of itself what a test wants, in the words of the agents' protocol.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Center } from './harness.ts';

export interface Impostor {
  sourceId: string;
  /** Says that the agent lives, and what is wrong on its machine. */
  heartbeat: (fault?: { error_code: string; error_msg: string }) => Promise<void>;
}

/** Imports a machine that consists of what is said, with a key of its own. */
export async function startImpostor(
  center: Center,
  code: { id: string; code: string },
  machine: { name: string; inventory: object },
): Promise<Impostor> {
  const identity = certificate();
  const ask = (path: string, body: object): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const url = new URL(path, center.agents);
      const headers = { 'Content-Type': 'application/json' };
      // It believes whoever answers: the center is on this machine.
      const asking = request(url, { method: 'POST', headers, ...identity, rejectUnauthorized: false }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(JSON.parse(text) as Record<string, unknown>);
          else reject(new Error(`${path}: ${answer.statusCode ?? ''} ${text}`));
        });
      });
      asking.once('error', reject);
      asking.end(JSON.stringify({ protocol: 1, agent_version: '9.8.7', ...body }));
    });
  const { source_id } = await ask('/agent/v1/import', {
    token_id: code.id,
    token_code: code.code,
    machine: createHash('sha256').update(machine.name).digest('hex'),
    ...machine,
  });
  return {
    sourceId: String(source_id),
    heartbeat: async (fault) => {
      await ask('/agent/v1/heartbeat', { fault });
    },
  };
}

/** A key as agents make them, with a certificate that it signed itself. */
function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-impostor-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=agent'];
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...curve, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
