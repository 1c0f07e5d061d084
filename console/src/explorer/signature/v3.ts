/** The ACS3 scheme: a keyed hash over method, path, query, named headers and the hash of the body. */
import { compareBytes, sortPairs, type Pair } from '../pairs.ts';
import { encode, encodeQuery } from '../percent.ts';
import { hashHex, keyedHex, type Algorithm } from './digest.ts';

/** What V3 signs. */
export interface V3Request {
  method: string;
  /** Decoded parameters of the query. */
  query: readonly Pair[];
  headers: readonly Pair[];
  body: Uint8Array;
  /** The list as the client sends it: names joined by `;`. */
  signedHeaders: string;
  algorithm: Algorithm;
}

/** Every step of a V3 signature, to be shown. */
export interface V3Steps {
  scheme: 'V3';
  payloadHash: string;
  canonicalQuery: string;
  canonicalRequest: string;
  stringToSign: string;
  /** The secret itself: V3 derives no other key. */
  signingKey: string;
  signature: string;
}

/** Signs a request. Query names are encoded, as documented; `rawNames` leaves them, as some official clients do. */
export function signV3(request: V3Request, secret: string, rawNames = false): V3Steps {
  const payloadHash = hashHex(request.algorithm, request.body);
  const sorted = sortPairs(request.query);
  const canonicalQuery = rawNames
    ? sorted.map(([name, value]) => `${name}=${encode(value)}`).join('&')
    : encodeQuery(sorted);
  const canonicalRequest = canonicalRequestV3(request, canonicalQuery, payloadHash);
  return {
    scheme: 'V3',
    payloadHash,
    canonicalQuery,
    canonicalRequest,
    ...finishV3(request.algorithm, canonicalRequest, secret),
  };
}

/** The last two steps, from a canonical request on. */
export function finishV3(
  algorithm: Algorithm,
  canonicalRequest: string,
  secret: string,
): Pick<V3Steps, 'stringToSign' | 'signingKey' | 'signature'> {
  const stringToSign = `${algorithm}\n${hashHex(algorithm, new TextEncoder().encode(canonicalRequest))}`;
  return { stringToSign, signingKey: secret, signature: keyedHex(algorithm, secret, stringToSign) };
}

/** Method, path, query, the signed headers with their values, their names, the hash of the body: one a line. */
export function canonicalRequestV3(
  request: Pick<V3Request, 'method' | 'headers' | 'signedHeaders'>,
  canonicalQuery: string,
  payloadHash: string,
): string {
  const lines = request.signedHeaders.split(';').map((name) => {
    const lower = name.toLowerCase();
    const values = request.headers.filter(([own]) => own.toLowerCase() === lower).map(([, value]) => value.trim());
    return `${lower}:${values.sort(compareBytes).join(',')}\n`;
  });
  return `${request.method}\n/\n${canonicalQuery}\n${lines.join('')}\n${request.signedHeaders}\n${payloadHash}`;
}

/** The header that carries the signature. */
export function authorizationV3(algorithm: Algorithm, keyId: string, signedHeaders: string, signature: string): string {
  return `${algorithm} Credential=${keyId},SignedHeaders=${signedHeaders},Signature=${signature}`;
}

/** The parts of an `Authorization` header of V3; absent parts are empty. */
export interface AuthorizationParts {
  algorithm: string;
  keyId: string;
  signedHeaders: string;
  signature: string;
}

/** Reads an `Authorization` header of V3; undefined for any other. */
export function parseAuthorization(header: string): AuthorizationParts | undefined {
  const match = /^(ACS3-[A-Z0-9-]+)\s+(.*)$/s.exec(header.trim());
  if (!match) return undefined;
  const [, algorithm = '', rest = ''] = match;
  const part = (name: string): string => new RegExp(`(?:^|,)\\s*${name}=([^,]*)`).exec(rest)?.[1]?.trim() ?? '';
  return { algorithm, keyId: part('Credential'), signedHeaders: part('SignedHeaders'), signature: part('Signature') };
}
