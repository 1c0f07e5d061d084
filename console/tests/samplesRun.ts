/** Runs a generated program as its reader would: saved to a file, the key in the environment. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { LANGUAGES } from '../src/explorer/samples/index.ts';
import type { SampleCall } from '../src/explorer/samples/sample.ts';
import type { Pair } from '../src/explorer/pairs.ts';
import { decodeQuery } from '../src/explorer/percent.ts';
import { KEY, PROGRAM } from './samplesCenter.ts';

const CONFORMANCE = new URL('../../conformance/', import.meta.url).pathname;
const PYTHON = join(CONFORMANCE, '.venv/bin/python');

/** Languages whose SDK is here, with what runs a file. The official clients are installed by `conformance/run`. */
const RUNNERS: Readonly<Record<string, string>> = {
  python: PYTHON,
  'python-classic': PYTHON,
  node: 'node',
  'node-pop-core': 'node',
  curl: 'sh',
  landfall: 'sh',
};

export const RUNNABLE = Object.keys(RUNNERS);

/** Whether the official clients are installed. */
export const haveClients = existsSync(PYTHON) && existsSync(join(CONFORMANCE, 'node/node_modules/@alicloud'));

/** What a program did. */
export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Writes the sample of a language to a file and runs it. */
export async function runSample(id: string, call: SampleCall): Promise<Ran> {
  const language = LANGUAGES.find((own) => own.id === id);
  if (!language) throw new Error(`there is no language ${id}`);
  // Node finds packages from the file's own folder upwards.
  const base = join(CONFORMANCE, 'node/node_modules/.samples');
  mkdirSync(base, { recursive: true });
  const folder = mkdtempSync(join(base, 'run-'));
  const file = join(folder, language.file);
  writeFileSync(file, language.write(call));
  const env = {
    PATH: `${dirname(PROGRAM)}:${process.env.PATH ?? ''}`,
    HOME: folder,
    ALIBABA_CLOUD_ACCESS_KEY_ID: KEY.id,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: KEY.secret,
  };
  try {
    return await new Promise<Ran>((resolve) => {
      execFile(RUNNERS[id] ?? 'false', [file], { env, timeout: 150_000, maxBuffer: 1 << 24 }, (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out, err });
      });
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A server that answers everything with an empty reply and remembers the parameters, to see what a client sends. */
export interface Recorder {
  host: string;
  last: () => Pair[];
  stop: () => Promise<void>;
}

const COMMON = new Set(
  'Action Version Format AccessKeyId Signature SignatureMethod SignatureVersion SignatureNonce SignatureType Timestamp'.split(
    ' ',
  ),
);

export async function startRecorder(): Promise<Recorder> {
  let last: Pair[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const query = (request.url ?? '').split('?')[1] ?? '';
      last = [...decodeQuery(query).pairs, ...decodeQuery(body).pairs].filter(([name]) => !COMMON.has(name));
      response.setHeader('Content-Type', 'application/json');
      response.end('{"RequestId":"0B7D2A4E-0000-4000-8000-000000000000"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    last: () => last,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
