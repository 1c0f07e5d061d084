/**
 * The RPC scheme, version 1.0: HMAC-SHA1 over all parameters, query and form alike. Headers and the URL are not covered.
 */
import { sortPairs, type Pair } from '../pairs.ts';
import { encode, encodeQuery } from '../percent.ts';
import { keyedBase64 } from './digest.ts';

/** Every step of a V1 signature, to be shown. */
export interface V1Steps {
  scheme: 'V1';
  /** All parameters but `Signature`, sorted and encoded. */
  canonicalQuery: string;
  stringToSign: string;
  /** The secret followed by `&`. */
  signingKey: string;
  signature: string;
}

/** Signs a request of these decoded parameters, whether they are in the query or in a form. */
export function signV1(method: string, parameters: readonly Pair[], secret: string): V1Steps {
  const canonicalQuery = encodeQuery(sortPairs(parameters.filter(([name]) => name !== 'Signature')));
  const stringToSign = stringToSignV1(method, canonicalQuery);
  const signingKey = `${secret}&`;
  return { scheme: 'V1', canonicalQuery, stringToSign, signingKey, signature: keyedBase64(signingKey, stringToSign) };
}

/** The method, the path `/` encoded, and the canonical query encoded once more. */
export function stringToSignV1(method: string, canonicalQuery: string): string {
  return `${method}&%2F&${encode(canonicalQuery)}`;
}
