/** A center of its own for the tests of samples, called with the explorer's own signatures. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Operation } from '../src/explorer/model.ts';
import type { Pair } from '../src/explorer/pairs.ts';
import { encodeQuery } from '../src/explorer/percent.ts';
import { hashHex, utf8 } from '../src/explorer/signature/digest.ts';
import { authorizationV3, signV3 } from '../src/explorer/signature/v3.ts';
import { stopper } from './harness.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

/** The program under test: `LANDFALL_BIN`, or what was built last. */
export const PROGRAM =
  process.env.LANDFALL_BIN ??
  ['release', 'debug'].map((kind) => join(ROOT, 'target', kind, 'landfall')).find(existsSync) ??
  'landfall';

/** The key of a center's emulator, which its documentation prints. */
export const KEY = { id: 'landfall-dev', secret: 'landfall-dev-secret' };

/** A reply with its status. */
export interface Reply {
  status: number;
  body: Record<string, unknown>;
}

/** A running center. */
export interface SamplesCenter {
  host: string;
  /** A call signed here. */
  call: (operation: Operation, pairs: readonly Pair[]) => Promise<Reply>;
  /** The explorer's call: by the console's session, through the whole gateway. */
  explorer: (operation: Operation, pairs: readonly Pair[]) => Promise<Reply>;
}

/** Starts a center on a free port and waits until it says that it is ready; `endAll` ends it. */
export async function startCenter(): Promise<SamplesCenter> {
  const data = mkdtempSync(join(tmpdir(), 'landfall-samples-'));
  const listen = ['--api-listen', '127.0.0.1:0', '--agent-listen', '127.0.0.1:0'];
  const child = spawn(PROGRAM, [
    'serve',
    '--dev',
    '--key-rate',
    '0',
    '--address-rate',
    '0',
    '--data-dir',
    data,
    ...listen,
  ]);
  stopper(child, data);
  const host = await addressOf(child);
  return {
    host,
    call: (operation, pairs) => callV3(host, operation, pairs),
    explorer: await signedIn(host),
  };
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const read = (chunk: Buffer): void => {
      said += chunk.toString();
      const address = /^API\s+https?:\/\/(\S+)/m.exec(said)?.[1];
      if (address !== undefined && /^Ready/m.test(said)) resolve(address);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', () => {
      reject(new Error(`the center ended: ${said}`));
    });
  });
}

async function callV3(host: string, operation: Operation, pairs: readonly Pair[]): Promise<Reply> {
  const body = encodeQuery(pairs);
  const headers: Pair[] = [
    ['content-type', 'application/x-www-form-urlencoded'],
    ['host', host],
    ['x-acs-action', operation.name],
    ['x-acs-content-sha256', hashHex('ACS3-HMAC-SHA256', utf8(body))],
    ['x-acs-date', new Date().toISOString().replace(/\.\d+Z$/, 'Z')],
    ['x-acs-signature-nonce', crypto.randomUUID()],
    ['x-acs-version', operation.version],
  ];
  const signedHeaders = headers.map(([name]) => name).join(';');
  const request = {
    method: 'POST',
    query: [],
    headers,
    body: utf8(body),
    signedHeaders,
    algorithm: 'ACS3-HMAC-SHA256',
  } as const;
  const { signature } = signV3(request, KEY.secret);
  const authorization = authorizationV3('ACS3-HMAC-SHA256', KEY.id, signedHeaders, signature);
  const sent = Object.fromEntries([
    ...headers.filter(([name]) => name !== 'host'),
    ['authorization', authorization],
  ]) as Record<string, string>;
  const response = await fetch(`http://${host}/`, { method: 'POST', headers: sent, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function signedIn(host: string): Promise<SamplesCenter['explorer']> {
  const json = { 'Content-Type': 'application/json' };
  const key = JSON.stringify({ AccessKeyId: KEY.id, AccessKeySecret: KEY.secret });
  const session = await fetch(`http://${host}/console/session`, { method: 'POST', headers: json, body: key });
  const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const { Csrf } = (await session.json()) as { Csrf: string };
  return async (operation, pairs) => {
    const call = { Version: operation.version, Action: operation.name, Parameters: Object.fromEntries(pairs) };
    const headers = { ...json, Cookie: cookie, 'X-Landfall-Csrf': Csrf };
    const answer = await fetch(`http://${host}/console/call`, { method: 'POST', headers, body: JSON.stringify(call) });
    const { Status, Body } = (await answer.json()) as { Status: number; Body: string };
    return { status: Status, body: JSON.parse(Body) as Record<string, unknown> };
  };
}
