import { describe, expect, it } from 'vitest';
import { Client } from './client';
import { ApiFailure } from './failure';
import { flatten } from './flatten';

describe('flatten', () => {
  it.each([
    [{}, {}],
    [
      { Name: 'a', Count: 5, Force: true },
      { Name: 'a', Count: '5', Force: 'true' },
    ],
    [{ Name: '', Gone: undefined, Nil: null }, { Name: '' }],
    [{ SourceId: ['s-1', 's-2'] }, { 'SourceId.1': 's-1', 'SourceId.2': 's-2' }],
    [{ Tag: [{ Key: 'a', Value: 'b' }, { Key: 'c' }] }, { 'Tag.1.Key': 'a', 'Tag.1.Value': 'b', 'Tag.2.Key': 'c' }],
    [{ Disk: { Data: [{ Part: [{ Size: 7 }] }] } }, { 'Disk.Data.1.Part.1.Size': '7' }],
  ])('writes %j as the wire has it', (nested, flat) => {
    expect(flatten(nested)).toEqual(flat);
  });
});

interface Seen {
  url: string;
  init: RequestInit;
}

function answering(status: number, body: unknown): { client: Client; seen: Seen[] } {
  const seen: Seen[] = [];
  const client = new Client((url, init) => {
    seen.push({ url, init });
    return Promise.resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), { status }));
  });
  return { client, seen };
}

function reply(status: number, body: unknown): unknown {
  return { Status: status, Reason: '', Headers: [], Body: JSON.stringify(body), Millis: 1, Request: null };
}

async function failed(promise: Promise<unknown>): Promise<ApiFailure> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiFailure)) throw new Error(`expected an ApiFailure, got ${String(error)}`);
  return error;
}

describe('a call', () => {
  it('names the version of its operation and carries the token of the session', async () => {
    const { client, seen } = answering(200, reply(200, { RequestId: 'R' }));
    client.csrf = 'token';
    await client.call('DescribeAccessToken', { AccessTokenId: 'at-1' });
    expect(seen[0]?.url).toBe('/console/call');
    expect(seen[0]?.init.headers).toMatchObject({ 'X-Landfall-Csrf': 'token', 'Content-Type': 'application/json' });
    expect(JSON.parse(seen[0]?.init.body as string)).toEqual({
      Version: '2026-11-24',
      Action: 'DescribeAccessToken',
      Parameters: { AccessTokenId: 'at-1' },
    });
  });

  it('that is refused throws the code, the message and the missing action', async () => {
    const { client } = answering(
      200,
      reply(403, {
        Code: 'Forbidden.RAM',
        Message: 'no',
        RequestId: 'R-1',
        AccessDeniedDetail: { AuthAction: 'smc:ListAccessTokens', NoPermissionType: 'ImplicitDeny' },
      }),
    );
    const failure = await failed(client.call('ListAccessTokens', {}));
    expect(failure).toMatchObject({ code: 'Forbidden.RAM', message: 'no', status: 403, requestId: 'R-1' });
    expect(failure.denied).toEqual({ action: 'smc:ListAccessTokens', explicit: false });
    expect(failure.passing).toBe(false);
  });

  it('that meets garbage says that it cannot be read', async () => {
    for (const body of ['', '<html>', '[]', '{}', '{"Status":200}', '"x"']) {
      expect((await failed(answering(200, body).client.call('ListAccessTokens', {}))).code).toBe('Unreadable');
    }
    expect((await failed(answering(200, reply(200, 'text')).client.call('ListAccessTokens', {}))).code).toBe(
      'Unreadable',
    );
  });

  it('that nobody answers is a failure that may pass', async () => {
    const client = new Client(() => Promise.reject(new TypeError('fetch failed')));
    const failure = await failed(client.call('ListAccessTokens', {}));
    expect(failure).toMatchObject({ code: 'Network', status: 0, passing: true });
  });

  it('without a session tells it once, and forgets the token', async () => {
    const { client, seen } = answering(401, { Code: 'Session.Missing', Message: 'sign in' });
    let lost = 0;
    client.onSessionLost = () => (lost += 1);
    client.csrf = 'token';
    await failed(client.call('ListAccessTokens', {}));
    await failed(client.call('ListAccessTokens', {}));
    expect(lost).toBe(1);
    expect(seen[1]?.init.headers).not.toHaveProperty('X-Landfall-Csrf');
  });
});
