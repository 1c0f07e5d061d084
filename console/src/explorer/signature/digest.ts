/** Hashes and keyed hashes of the schemes. Web Crypto is not used: browsers keep it from plain HTTP beyond loopback. */
import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { hmacSm3, sm3 } from './sm3.ts';

/** The keyed hashes of V3. */
export type Algorithm = 'ACS3-HMAC-SHA256' | 'ACS3-HMAC-SM3';

export const ALGORITHMS: readonly Algorithm[] = ['ACS3-HMAC-SHA256', 'ACS3-HMAC-SM3'];

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The hash of a payload or canonical request, lower-case hexadecimal. */
export function hashHex(algorithm: Algorithm, data: Uint8Array): string {
  return bytesToHex(algorithm === 'ACS3-HMAC-SM3' ? sm3(data) : sha256(data));
}

/** The signature of V3, lower-case hexadecimal. */
export function keyedHex(algorithm: Algorithm, key: string, data: string): string {
  const made = algorithm === 'ACS3-HMAC-SM3' ? hmacSm3(utf8(key), utf8(data)) : hmac(sha256, utf8(key), utf8(data));
  return bytesToHex(made);
}

/** HMAC-SHA1 in base64: the signature of V1. */
export function keyedBase64(key: string, data: string): string {
  return btoa(String.fromCharCode(...hmac(sha1, utf8(key), utf8(data))));
}
