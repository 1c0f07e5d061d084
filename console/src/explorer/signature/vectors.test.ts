import { readFileSync } from 'node:fs';
import { hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import type { Pair } from '../pairs.ts';
import { ALGORITHMS } from './digest.ts';
import { signV1 } from './v1.ts';
import { authorizationV3, parseAuthorization, signV3 } from './v3.ts';

interface Vector {
  name: string;
  scheme: string;
  method: string;
  accessKeyId: string;
  accessKeySecret: string;
  queryParams: Pair[];
  formBodyParams: Pair[];
  headers: Pair[];
  bodyHex: string;
  hashedPayload: string;
  signedHeaders: string;
  canonicalRequest: string;
  stringToSign: string;
  signature: string;
  authorization: string;
}

// Made by the official clients' own functions; the server is tested with the same file.
const file = new URL('../../../../crates/pop/tests/data/signature-vectors.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as { rpc_v1: Vector[]; v3: Vector[] };

describe('V1', () => {
  it.each(vectors.rpc_v1)('signs $name as the official clients do', (vector) => {
    const steps = signV1(vector.method, [...vector.queryParams, ...vector.formBodyParams], vector.accessKeySecret);
    expect(steps.stringToSign).toBe(vector.stringToSign);
    expect(steps.signature).toBe(vector.signature);
  });
});

describe('V3', () => {
  it.each(vectors.v3)('signs $name as the official clients do', (vector) => {
    const algorithm = ALGORITHMS.find((known) => known === vector.scheme);
    expect(algorithm).toBeDefined();
    if (!algorithm) return;
    const request = {
      method: vector.method,
      query: vector.queryParams,
      headers: vector.headers,
      body: hexToBytes(vector.bodyHex),
      signedHeaders: vector.signedHeaders,
      algorithm,
    };
    const steps = signV3(request, vector.accessKeySecret, vector.name === 'unencoded-query-key-py');
    expect(steps.payloadHash).toBe(vector.hashedPayload);
    expect(steps.canonicalRequest).toBe(vector.canonicalRequest);
    expect(steps.stringToSign).toBe(vector.stringToSign);
    expect(steps.signature).toBe(vector.signature);
    const parts = parseAuthorization(vector.authorization);
    expect(parts).toMatchObject({ algorithm, signature: vector.signature, signedHeaders: vector.signedHeaders });
    expect(authorizationV3(algorithm, parts?.keyId ?? '', vector.signedHeaders, steps.signature)).toBe(
      vector.authorization,
    );
  });
});

it('there are as many vectors as there were', () => {
  expect([vectors.rpc_v1.length, vectors.v3.length]).toEqual([14, 20]);
});
