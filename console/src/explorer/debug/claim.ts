/** What a pasted request says of its signature, and what is wrong with how it says it: the server's checks, in order. */
import { headerOf, valueOf, type Pair } from '../pairs.ts';
import { decodeQuery } from '../percent.ts';
import { ALGORITHMS, hashHex, utf8, type Algorithm } from '../signature/digest.ts';
import { parseAuthorization } from '../signature/v3.ts';
import { notice, wrong, type Finding } from './findings.ts';
import type { PastedRequest } from './paste.ts';

/** The signature of a request and everything it is computed from. */
export type Claim =
  | { scheme: 'V1'; method: string; parameters: Pair[]; signature: string }
  | {
      scheme: 'V3';
      method: string;
      query: Pair[];
      headers: Pair[];
      body: string;
      signedHeaders: string;
      algorithm: Algorithm;
      signature: string;
    };

/** A request read: its claim if it is signed at all, and what the server would refuse before it computes anything. */
export interface ReadRequest {
  claim: Claim | undefined;
  /** The time stamp as sent. */
  timestamp: string;
  findings: Finding[];
}

/** Reads the claim of a request. */
export function readClaim(request: PastedRequest): ReadRequest {
  const findings: Finding[] = request.unfilled.map((name) => wrong('shellVariable', { name }));
  if (request.path !== '/') findings.push(wrong('path', { path: request.path }));
  if (request.method !== 'GET' && request.method !== 'POST') findings.push(wrong('method', { method: request.method }));
  const query = decodeQuery(request.rawQuery);
  const isForm = mediaOf(request.headers) === 'application/x-www-form-urlencoded';
  const form = isForm ? decodeQuery(request.body.trim()) : { pairs: [], broken: [] };
  for (const { segment, problem } of [...query.broken, ...form.broken]) {
    findings.push(wrong('brokenEncoding', { segment, problem }));
  }
  findings.push(
    ...duplicates(
      [...query.pairs, ...form.pairs].map(([name]) => name),
      'duplicateParameter',
    ),
  );
  const parts = parseAuthorization(headerOf(request.headers, 'authorization') ?? '');
  if (parts) return readV3(request, query.pairs, parts, findings);
  return readV1(request, [...query.pairs, ...form.pairs], isForm, findings);
}

function duplicates(names: readonly string[], code: 'duplicateParameter' | 'duplicateHeader'): Finding[] {
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [...new Set(twice)].map((name) => wrong(code, { name }));
}

const mediaOf = (headers: readonly Pair[]): string =>
  (headerOf(headers, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

const V1_REQUIRED = [
  'Action',
  'Version',
  'AccessKeyId',
  'Signature',
  'SignatureMethod',
  'SignatureVersion',
  'SignatureNonce',
  'Timestamp',
] as const;

function readV1(request: PastedRequest, parameters: Pair[], isForm: boolean, findings: Finding[]): ReadRequest {
  const get = (name: string): string => valueOf(parameters, name) ?? '';
  if (get('Signature') === '' && get('AccessKeyId') === '') {
    return { claim: undefined, timestamp: '', findings: [...findings, wrong('unsigned')] };
  }
  for (const name of V1_REQUIRED) if (get(name) === '') findings.push(wrong('missingParameter', { name }));
  const [method, version] = [get('SignatureMethod'), get('SignatureVersion')];
  if (method !== '' && method.toUpperCase() !== 'HMAC-SHA1') findings.push(wrong('signatureMethod', { was: method }));
  if (version !== '' && version !== '1.0') findings.push(wrong('signatureVersion', { was: version }));
  if (request.body.trim() !== '' && !isForm) findings.push(wrong('bodyNotForm'));
  const claim: Claim = { scheme: 'V1', method: request.method, parameters, signature: get('Signature') };
  return { claim: claim.signature === '' ? undefined : claim, timestamp: get('Timestamp'), findings };
}

const V3_REQUIRED = ['x-acs-action', 'x-acs-version', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-content-sha256'];

function readV3(
  request: PastedRequest,
  query: Pair[],
  parts: { algorithm: string; keyId: string; signedHeaders: string; signature: string },
  findings: Finding[],
): ReadRequest {
  const { headers } = request;
  const algorithm = ALGORITHMS.find((known) => known === parts.algorithm);
  if (!algorithm) findings.push(wrong('signatureMethod', { was: parts.algorithm }));
  const named = { Credential: parts.keyId, SignedHeaders: parts.signedHeaders, Signature: parts.signature };
  for (const [name, value] of Object.entries(named))
    if (value === '') findings.push(wrong('authorizationPart', { name }));
  for (const name of V3_REQUIRED) if (!headerOf(headers, name)) findings.push(wrong('missingHeader', { name }));
  findings.push(
    ...duplicates(
      headers.map(([name]) => name.toLowerCase()),
      'duplicateHeader',
    ),
  );
  const body = bodyAsSent(request.body, algorithm, headerOf(headers, 'x-acs-content-sha256'));
  findings.push(...coverage(headers, parts.signedHeaders, body), ...payload(body, algorithm, headers));
  const timestamp = headerOf(headers, 'x-acs-date') ?? '';
  if (!algorithm || parts.signature === '') return { claim: undefined, timestamp, findings };
  const { signedHeaders, signature } = parts;
  return {
    claim: { scheme: 'V3', method: request.method, query, headers, body, signedHeaders, algorithm, signature },
    timestamp,
    findings,
  };
}

/** Pasting adds or drops a line end; of the body and the body without it, the one that was signed is meant. */
function bodyAsSent(body: string, algorithm: Algorithm | undefined, said: string | undefined): string {
  if (!algorithm || said === undefined) return body;
  const candidates = [body, body.replace(/\n$/, ''), body.trim(), `${body}\n`, ''].filter(
    (candidate) => candidate !== '' || body.trim() === '',
  );
  return candidates.find((candidate) => hashHex(algorithm, utf8(candidate)) === said) ?? body;
}

function coverage(headers: readonly Pair[], signedHeaders: string, body: string): Finding[] {
  if (signedHeaders === '') return [];
  const signed = new Set(signedHeaders.toLowerCase().split(';'));
  const sent = headers.map(([name]) => name.toLowerCase());
  const must = (name: string): boolean =>
    name === 'host' || name.startsWith('x-acs-') || (name === 'content-type' && body !== '');
  return [
    ...[...signed].filter((name) => !sent.includes(name)).map((name) => wrong('signedHeaderAbsent', { name })),
    ...[...new Set(['host', ...sent])]
      .filter((name) => must(name) && !signed.has(name))
      .map((name) => wrong('unsignedHeader', { name })),
  ];
}

function payload(body: string, algorithm: Algorithm | undefined, headers: readonly Pair[]): Finding[] {
  const said = headerOf(headers, 'x-acs-content-sha256');
  if (!algorithm || !said) return [];
  const is = hashHex(algorithm, utf8(body));
  return said === is ? [] : [wrong('bodyHash', { said, is })];
}

const WINDOW_SECONDS = 15 * 60;

/** What is wrong with the time stamp, seen from a clock in unix seconds. */
export function checkTimestamp(text: string, now: number): Finding[] {
  if (text === '') return [];
  const shaped = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text);
  const claimed = shaped ? Date.parse(text) / 1000 : Number.NaN;
  if (Number.isNaN(claimed)) return [wrong('timestampFormat', { was: text })];
  const off = claimed - now;
  if (Math.abs(off) <= WINDOW_SECONDS) return [];
  const minutes = String(Math.round(Math.abs(off) / 60));
  const direction = off < 0 ? 'behind' : 'ahead';
  const quarters = Math.round(off / 900);
  const zone = Math.abs(off - quarters * 900) < 120 && Math.abs(quarters) <= 56;
  return [
    wrong('timestampOff', { was: text, minutes, direction }),
    ...(zone
      ? [notice('timestampZone', { hours: `${quarters < 0 ? '−' : '+'}${String(Math.abs(quarters) / 4)}` })]
      : []),
  ];
}
