import { describe, expect, it } from 'vitest';
import type { Pair } from '../pairs.ts';
import { encodeQuery } from '../percent.ts';
import { hashHex, utf8 } from '../signature/digest.ts';
import { signV1 } from '../signature/v1.ts';
import { authorizationV3, signV3 } from '../signature/v3.ts';
import { diagnose, type Evidence } from './diagnose.ts';
import type { Finding } from './findings.ts';

const SECRET = 'Kq9sample0secret0of0thirty0chars';
const NOW = Date.parse('2026-11-24T12:00:00Z') / 1000;
const BUSINESS: readonly Pair[] = [
  ['Description', "rack 7 *new* it's ~half"],
  ['Name', '名-7'],
  ['name', 'x'],
];

function find(evidence: Partial<Evidence>): Finding[] {
  const result = diagnose({ request: '', secret: SECRET, reply: '', clientString: '', now: NOW, ...evidence });
  expect(result).not.toHaveProperty('problem');
  return 'problem' in result ? [] : result.findings;
}

const codes = (findings: readonly Finding[]): string[] => findings.map(({ code, mistake }) => mistake ?? code);

function parametersV1(changes: Record<string, string> = {}): Pair[] {
  const common = {
    Action: 'CreateAccessToken',
    Version: '2019-06-01',
    Format: 'JSON',
    AccessKeyId: 'LTAI5tExample',
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: 'b1946ac9',
    Timestamp: '2026-11-24T11:59:00Z',
    ...changes,
  };
  return [...Object.entries(common), ...BUSINESS];
}

function urlV1(parameters: readonly Pair[], signature: string): string {
  return `http://127.0.0.1:8620/?${encodeQuery([...parameters, ['Signature', signature]])}`;
}

interface SignedV3 {
  headers: Pair[];
  curl: string;
  http: string;
  canonical: string;
}

/** A V3 request; `sent` changes headers after signing. */
function requestV3(signing: { secret?: string; body?: string; sent?: Record<string, string> } = {}): SignedV3 {
  const { secret = SECRET, body = '', sent = {} } = signing;
  const headers: Pair[] = [
    ['host', '127.0.0.1:8620'],
    ['x-acs-action', 'CreateAccessToken'],
    ['x-acs-content-sha256', hashHex('ACS3-HMAC-SHA256', utf8(body))],
    ['x-acs-date', '2026-11-24T11:59:00Z'],
    ['x-acs-signature-nonce', 'b1946ac9'],
    ['x-acs-version', '2019-06-01'],
  ];
  const signedHeaders = headers.map(([name]) => name).join(';');
  const request = {
    method: 'POST',
    query: BUSINESS,
    headers,
    body: utf8(body),
    signedHeaders,
    algorithm: 'ACS3-HMAC-SHA256',
  } as const;
  const steps = signV3(request, secret);
  const authorization = authorizationV3('ACS3-HMAC-SHA256', 'LTAI5tExample', signedHeaders, steps.signature);
  const all: Pair[] = [
    ...headers.map(([name, value]): Pair => [name, sent[name] ?? value]),
    ['Authorization', authorization],
  ];
  const query = encodeQuery(BUSINESS);
  const options = all.map(([name, value]) => ` \\\n  -H '${name}: ${value}'`).join('');
  return {
    headers: all,
    curl: `curl -sS -X POST 'http://127.0.0.1:8620/?${query}'${options}`,
    http: `POST /?${query} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${body}`,
    canonical: steps.canonicalRequest,
  };
}

describe('a request that is right', () => {
  it('is said to be, signed with V1', () => {
    const parameters = parametersV1();
    const { signature } = signV1('GET', parameters, SECRET);
    expect(codes(find({ request: urlV1(parameters, signature) }))).toEqual(['signatureRight']);
  });

  it('is said to be, with V1 in a form', () => {
    const { signature } = signV1('POST', parametersV1(), SECRET);
    const body = encodeQuery([...parametersV1(), ['Signature', signature]]);
    expect(codes(find({ request: `curl http://127.0.0.1:8620 -d '${body.replaceAll("'", "'\\''")}'` }))).toEqual([
      'signatureRight',
    ]);
  });

  it('is said to be, with V3 as curl command and as raw HTTP', () => {
    const request = requestV3();
    expect(codes(find({ request: request.curl }))).toEqual(['signatureRight']);
    expect(codes(find({ request: request.http }))).toEqual(['signatureRight']);
    expect(codes(find({ request: requestV3({ body: '{"a":"b"}' }).http + '\n' }))).toEqual(['signatureRight']);
  });

  it('needs its secret', () => {
    expect(codes(find({ request: requestV3().curl, secret: '' }))).toEqual(['needSecret']);
  });
});

describe('a wrong secret', () => {
  const signedWithOther = requestV3({ secret: 'another' });
  const reply = JSON.stringify({
    Code: 'SignatureDoesNotMatch',
    Message: `Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256\nff] server CanonicalRequest is [${signedWithOther.canonical}]`,
  });

  it('is suspected when the server signed the same text', () => {
    const findings = find({ request: signedWithOther.curl, reply });
    expect(findings.map(({ code, level }) => [code, level])).toEqual([
      ['serverSame', 'right'],
      ['signatureWrong', 'wrong'],
      ['maybeSecret', 'wrong'],
    ]);
  });

  it('is proven by what the client signed', () => {
    expect(codes(find({ request: signedWithOther.curl, clientString: signedWithOther.canonical }))).toEqual([
      'clientSame',
      'signatureWrong',
      'wrongSecret',
    ]);
  });

  it('may be that of the server', () => {
    expect(codes(find({ request: requestV3().curl, reply }))).toEqual([
      'serverSame',
      'signatureRight',
      'otherSecretAtServer',
    ]);
  });

  it.each([
    ['keyTrimmed', `${SECRET} `],
    ['keyWithNewline', SECRET.trim()],
  ])('is recognized as %s', (mistake, given) => {
    const used = mistake === 'keyTrimmed' ? SECRET : `${SECRET}\n`;
    expect(codes(find({ request: requestV3({ secret: used }).curl, secret: given }))).toContain(mistake);
  });
});

describe('a changed parameter', () => {
  it('is named by the string that the server signed', () => {
    const parameters = parametersV1();
    const { signature } = signV1('GET', parameters, SECRET);
    const changed = parameters.map(([name, value]): Pair => [name, name === 'Name' ? 'other' : value]);
    const server = signV1('GET', changed, SECRET).stringToSign;
    const reply = `<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>Specified signature is not matched with our calculation. server string to sign is:${server.replaceAll('&', '&amp;')}</Message></Error>`;
    const findings = find({ request: urlV1(parameters, signature), reply });
    expect(findings.find(({ code }) => code === 'serverDiffers')?.values.names).toBe('Name');
    expect(codes(findings)).toContain('signatureRight');
  });

  it('is named when it was added after signing', () => {
    const { signature } = signV1('GET', parametersV1(), SECRET);
    const findings = find({ request: urlV1([...parametersV1(), ['RegionId', 'cn-x']], signature) });
    expect(findings.find(({ mistake }) => mistake)).toMatchObject({
      mistake: 'parameterLeftOut',
      values: { name: 'RegionId' },
    });
  });

  it('is named by the string that the client signed', () => {
    const { signature, stringToSign } = signV1('GET', parametersV1(), SECRET);
    const findings = find({ request: urlV1(parametersV1({ Format: 'XML' }), signature), clientString: stringToSign });
    expect(findings.find(({ code }) => code === 'clientDiffers')?.values.names).toBe('Format');
    expect(codes(findings)).toContain('requestChanged');
  });

  it('is found in the headers of V3', () => {
    const reply = `Message: server StringToSign is [x] server CanonicalRequest is [${requestV3().canonical.replace('b1946ac9', 'zzz')}]`;
    const findings = find({ request: requestV3().curl, reply });
    expect(findings.find(({ code }) => code === 'serverDiffers')?.values.names).toBe('x-acs-signature-nonce');
  });
});

describe('mistakes of signing are recognized by their signature', () => {
  const encodeLike = (change: (text: string) => string): string => {
    const { stringToSign } = signV1('GET', parametersV1(), SECRET);
    return change(stringToSign);
  };
  const sign = async (text: string, key = `${SECRET}&`): Promise<string> => {
    const { createHmac } = await import('node:crypto');
    return createHmac('sha1', key).update(text).digest('base64');
  };

  it.each<[string, (text: string) => string]>([
    ['spacePlus', (text) => text.replaceAll('%2520', '%2B')],
    ['starRaw', (text) => text.replaceAll('%252A', '%2A')],
    ['tildeEncoded', (text) => text.replaceAll('~', '%257E')],
    ['marksRaw', (text) => text.replaceAll('%252A', '%2A').replaceAll('%2527', '%27')],
  ])('%s', async (mistake, change) => {
    const signature = await sign(encodeLike(change));
    expect(codes(find({ request: urlV1(parametersV1(), signature) }))).toEqual(['signatureWrong', mistake]);
  });

  it('a key without its ampersand, and a GET signed as POST', async () => {
    const { stringToSign } = signV1('GET', parametersV1(), SECRET);
    const plain = await sign(stringToSign, SECRET);
    expect(codes(find({ request: urlV1(parametersV1(), plain) }))).toContain('keyWithoutAmpersand');
    const posted = signV1('POST', parametersV1(), SECRET).signature;
    expect(codes(find({ request: urlV1(parametersV1(), posted) }))).toContain('otherMethod');
  });

  it('parameters in the order they were written, and sorted without regard to case', async () => {
    const query = encodeQuery(parametersV1());
    const unsorted = await sign(`GET&%2F&${encodeURIComponent(query)}`);
    expect(codes(find({ request: urlV1(parametersV1(), unsorted) }))).toContain('unsorted');
  });

  it('a host without its port', () => {
    const request = requestV3({ sent: { host: 'center.example:8620' } });
    const curl = request.curl.replace("'host: center.example:8620'", "'host: 127.0.0.1'");
    expect(codes(find({ request: curl }))).toEqual(['signatureWrong', 'hostOther']);
  });
});

describe('what the server refuses before it computes', () => {
  it.each<[string, Partial<Evidence>, string[]]>([
    ['no signature', { request: 'http://127.0.0.1:8620/?Action=ListAccessTokens' }, ['unsigned']],
    ['V1 without a nonce', { request: urlV1(parametersV1({ SignatureNonce: '' }), 'x') }, ['missingParameter']],
    [
      'another method of signing',
      { request: urlV1(parametersV1({ SignatureMethod: 'HMAC-SHA256' }), 'x') },
      ['signatureMethod'],
    ],
    ['a broken escape', { request: urlV1(parametersV1(), 'x') + '&A=%zz' }, ['brokenEncoding']],
    ['a parameter twice', { request: urlV1(parametersV1(), 'x') + '&Name=b' }, ['duplicateParameter']],
    ['a shell variable', { request: 'curl "http://h/?Signature=$SIG&AccessKeyId=a"' }, ['shellVariable']],
    ['another path', { request: urlV1(parametersV1(), 'x').replace('/?', '/api?') }, ['path']],
    [
      'local time',
      { request: urlV1(parametersV1({ Timestamp: '2026-11-24T20:00:10Z' }), 'x') },
      ['timestampOff', 'timestampZone'],
    ],
    [
      'another form of time',
      { request: urlV1(parametersV1({ Timestamp: '2026-11-24 12:00' }), 'x') },
      ['timestampFormat'],
    ],
    ['a body changed', { request: requestV3({ body: 'a' }).http + 'b' }, ['bodyHash']],
    ['a header not signed', { request: requestV3().curl + " -H 'x-acs-extra: 1'" }, ['unsignedHeader']],
    [
      'a header signed and not sent',
      { request: requestV3().curl.replace("-H 'x-acs-version: 2019-06-01'", '') },
      ['missingHeader', 'signedHeaderAbsent'],
    ],
  ])('%s', (_, evidence, expected) => {
    expect(codes(find(evidence))).toEqual(expect.arrayContaining(expected));
  });

  it('the time is judged by the clock of the server, if its reply tells', () => {
    const reply =
      'HTTP/1.1 400 Bad Request\nDate: Tue, 24 Nov 2026 13:00:00 GMT\n\n{"Code":"InvalidTimeStamp.Expired","Message":"x"}';
    expect(codes(find({ request: requestV3().curl, reply }))).toContain('timestampOff');
  });
});

it.each([
  ['', 'empty'],
  ['hello there', 'notARequest'],
  ['curl -s -X POST', 'noUrl'],
  ['x'.repeat(300_000), 'tooLong'],
])('%j is no request', (request, problem) => {
  expect(diagnose({ request, secret: '', reply: '', clientString: '', now: NOW })).toEqual({ problem });
});
