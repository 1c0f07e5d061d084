/**
 * Percent-encoding as both signature schemes define it: RFC 3986, everything but the unreserved characters, upper-case
 * hexadecimal. Decoding is as strict as the server's, so that what is shown is what the server reads.
 */
import type { Pair } from './pairs.ts';

/** `a b` becomes `a%20b`. */
export function encode(text: string): string {
  return encodeURIComponent(wellFormed(text)).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The text with halves of characters, which UTF-8 cannot write, replaced as every encoder does. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Pairs as a query string, in the order given. */
export function encodeQuery(pairs: readonly Pair[]): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

/** Why a text could not be decoded. */
export type DecodeProblem = 'escape' | 'utf8' | 'nul';

/** The decoded text of a name or value of a query, or why there is none; `+` is a space. */
export function decode(raw: string): { text: string } | { problem: DecodeProblem } {
  if (/%(?![0-9a-fA-F]{2})/.test(raw)) return { problem: 'escape' };
  try {
    const text = decodeURIComponent(raw.replaceAll('+', ' '));
    return text.includes('\0') ? { problem: 'nul' } : { text };
  } catch {
    return { problem: 'utf8' };
  }
}

/** One segment of a query that cannot be decoded. */
export interface BrokenSegment {
  segment: string;
  problem: DecodeProblem;
}

/** The decoded pairs of a query string or form, and the segments that are broken. */
export function decodeQuery(raw: string): { pairs: Pair[]; broken: BrokenSegment[] } {
  const pairs: Pair[] = [];
  const broken: BrokenSegment[] = [];
  for (const segment of raw.split('&').filter((text) => text !== '')) {
    const cut = segment.indexOf('=');
    const name = decode(cut < 0 ? segment : segment.slice(0, cut));
    const value = decode(cut < 0 ? '' : segment.slice(cut + 1));
    if ('problem' in name) broken.push({ segment, problem: name.problem });
    else if ('problem' in value) broken.push({ segment, problem: value.problem });
    else pairs.push([name.text, value.text]);
  }
  return { pairs, broken };
}
