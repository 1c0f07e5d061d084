/**
 * The ways of signing that people and programs get wrong. Each is tried with the secret given: the one that gives the
 * very signature of the request is what its client did.
 */
import { base64ToHex, hexToBase64 } from './encodings.ts';
import { compareBytes, sortPairs, type Pair } from '../pairs.ts';
import { decode, encode, wellFormed } from '../percent.ts';
import { hashHex, keyedBase64, utf8 } from '../signature/digest.ts';
import { signV1, stringToSignV1 } from '../signature/v1.ts';
import { canonicalRequestV3, finishV3, signV3, type V3Request } from '../signature/v3.ts';
import type { Claim } from './claim.ts';
import type { Mistake } from './findings.ts';

/** A mistake that gives the signature of the request, with what it is about. */
export interface Explanation {
  mistake: Mistake;
  name: string;
}

type Attempt = readonly [mistake: Mistake, name: string, signature: () => string];

/** The mistake that explains a signature, if any does. */
export function explain(claim: Claim, secret: string): Explanation | undefined {
  const attempts = claim.scheme === 'V1' ? attemptsV1(claim, secret) : attemptsV3(claim, secret);
  const found = attempts.find(([, , signature]) => signature() === claim.signature);
  return found && { mistake: found[0], name: found[1] };
}

type Encoder = (text: string) => string;

const ENCODERS: readonly (readonly [Mistake, Encoder])[] = [
  ['spacePlus', (text) => encode(text).replaceAll('%20', '+')],
  ['starRaw', (text) => encode(text).replaceAll('%2A', '*')],
  ['tildeEncoded', (text) => encode(text).replaceAll('~', '%7E')],
  ['marksRaw', (text) => encodeURIComponent(wellFormed(text))],
  ['lowerHex', (text) => encode(text).replace(/%../g, (code) => code.toLowerCase())],
  ['notEncoded', (text) => text],
];

const query = (pairs: readonly Pair[], encoder: Encoder = encode): string =>
  pairs.map(([name, value]) => `${encoder(name)}=${encoder(value)}`).join('&');

/** Secrets a client may have used in place of the one given. */
function keyMistakes(secret: string): (readonly [Mistake, string])[] {
  const all: (readonly [Mistake, string])[] = [
    ['keyTrimmed', secret.trim()],
    ['keyWithNewline', `${secret}\n`],
  ];
  return all.filter(([, key]) => key !== secret);
}

/** Parameters as a client may have had them when it signed. */
function changedParameters(pairs: readonly Pair[]): (readonly [Mistake, string, Pair[]])[] {
  const without = pairs.map(
    ([name], at) => ['parameterLeftOut', name, pairs.filter((_, index) => index !== at)] as const,
  );
  const decodedMore = pairs.flatMap(([name, value], at) => {
    const more = /%[0-9a-fA-F]{2}|\+/.test(value) ? decode(value) : { text: value };
    if (!('text' in more) || more.text === value) return [];
    const changed = pairs.map((pair, index): Pair => (index === at ? [name, more.text] : pair));
    return [['valueDecodedOnceMore', name, changed] as const];
  });
  const filled = pairs.filter(([, value]) => value !== '');
  const empty = filled.length < pairs.length ? [['emptyValuesLeftOut', '', filled] as const] : [];
  return [...without, ...decodedMore, ...empty];
}

function attemptsV1(claim: Extract<Claim, { scheme: 'V1' }>, secret: string): Attempt[] {
  const { method } = claim;
  const signed = claim.parameters.filter(([name]) => name !== 'Signature');
  const sorted = sortPairs(signed);
  const key = `${secret}&`;
  const sign = (text: string, with_ = key): string => keyedBase64(with_, text);
  const right = stringToSignV1(method, query(sorted));
  const ignoringCase = [...signed].sort(([a], [b]) => compareBytes(a.toLowerCase(), b.toLowerCase()));
  const other = method === 'GET' ? 'POST' : 'GET';
  return [
    ['keyWithoutAmpersand', '', () => sign(right, secret)],
    ...keyMistakes(secret).map(([mistake, own]): Attempt => [mistake, '', () => sign(right, `${own}&`)]),
    ['otherMethod', other, () => sign(stringToSignV1(other, query(sorted)))],
    ...ENCODERS.map(([mistake, encoder]): Attempt => [
      mistake,
      '',
      () => sign(`${method}&${encoder('/')}&${encoder(query(sorted, encoder))}`),
    ]),
    // The most common one encodes only values wrongly, and then the whole rightly.
    ...ENCODERS.map(([mistake, encoder]): Attempt => [
      mistake,
      '',
      () => sign(stringToSignV1(method, query(sorted, encoder))),
    ]),
    ['encodedOnce', '', () => sign(`${method}&%2F&${query(sorted)}`)],
    ['unsorted', '', () => sign(stringToSignV1(method, query(signed)))],
    ['sortedIgnoringCase', '', () => sign(stringToSignV1(method, query(ignoringCase)))],
    ...changedParameters(signed).map(([mistake, name, pairs]): Attempt => [
      mistake,
      name,
      () => signV1(method, pairs, secret).signature,
    ]),
    ['hexForBase64', '', () => base64ToHex(sign(right))],
  ];
}

function attemptsV3(claim: Extract<Claim, { scheme: 'V3' }>, secret: string): Attempt[] {
  const request: V3Request = { ...claim, body: utf8(claim.body) };
  const sign = (changes: Partial<V3Request>, key = secret): string => signV3({ ...request, ...changes }, key).signature;
  const finish = (canonical: string): string => finishV3(claim.algorithm, canonical, secret).signature;
  const right = signV3(request, secret);
  const withQuery = (text: string): string => finish(canonicalRequestV3(request, text, right.payloadHash));
  const other = claim.method === 'GET' ? 'POST' : 'GET';
  const sorted = sortPairs(claim.query);
  const names = claim.signedHeaders.split(';');
  return [
    ['keyWithAmpersand', '', () => sign({}, `${secret}&`)],
    ...keyMistakes(secret).map(([mistake, key]): Attempt => [mistake, '', () => sign({}, key)]),
    ['otherMethod', other, () => sign({ method: other })],
    ...ENCODERS.map(([mistake, encoder]): Attempt => [mistake, '', () => withQuery(query(sorted, encoder))]),
    ['unsorted', '', () => withQuery(query(claim.query))],
    ...changedParameters(claim.query).map(([mistake, name, pairs]): Attempt => [
      mistake,
      name,
      () => sign({ query: pairs }),
    ]),
    ...names.map((name): Attempt => [
      'headerLeftOut',
      name,
      () => {
        const rest = names.filter((own) => own !== name).join(';');
        return sign({ headers: claim.headers, signedHeaders: rest });
      },
    ]),
    ['headersUnsorted', '', () => sign({ signedHeaders: [...names].sort(compareBytes).join(';') })],
    ...otherHosts(claim.headers).map(([host, headers]): Attempt => ['hostOther', host, () => sign({ headers })]),
    [
      'emptyBodyHash',
      '',
      () => finish(canonicalRequestV3(request, right.canonicalQuery, hashHex(claim.algorithm, utf8('')))),
    ],
    [
      'withoutFinalBlankLine',
      '',
      () => finish(right.canonicalRequest.replace(`\n\n${claim.signedHeaders}`, `\n${claim.signedHeaders}`)),
    ],
    ['upperHex', '', () => right.signature.toUpperCase()],
    ['base64ForHex', '', () => hexToBase64(right.signature)],
  ];
}

/** The same headers with the port of `Host` taken away or guessed. */
function otherHosts(headers: readonly Pair[]): (readonly [string, Pair[]])[] {
  const host = headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? '';
  const bare = host.replace(/:\d+$/, '');
  const candidates = [bare, `${bare}:80`, `${bare}:443`, `${bare}:8620`, `http://${host}`, `https://${host}`];
  return candidates
    .filter((candidate) => candidate !== host)
    .map((candidate) => [
      candidate,
      headers.map(([name, value]): Pair => (name.toLowerCase() === 'host' ? [name, candidate] : [name, value])),
    ]);
}
