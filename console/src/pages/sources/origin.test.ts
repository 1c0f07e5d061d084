import { expect, it } from 'vitest';
import type { RequestOf } from '@/api/client';
import type { AuditEvent } from '@/api/generated';
import { origin } from './origin';

const came = { source: 's-mine', code: 'at-1', time: '2026-11-24T23:59:59Z' };

function redeemed(source: string): AuditEvent {
  return {
    EventId: source,
    Event: 'token.redeemed',
    ResourceId: 'at-1',
    Detail: source,
    Actor: 'machine:1',
    Time: came.time,
  };
}

function log(pages: AuditEvent[][]): { asked: RequestOf<'ListAuditEvents'>[]; ask: Parameters<typeof origin>[1] } {
  const asked: RequestOf<'ListAuditEvents'>[] = [];
  const ask: Parameters<typeof origin>[1] = (params) => {
    asked.push(params);
    const at = Number(params.NextToken ?? 0);
    const NextToken = at + 1 < pages.length ? String(at + 1) : '';
    return Promise.resolve({ RequestId: '', MaxResults: 100, NextToken, AuditEvents: { AuditEvent: pages[at] ?? [] } });
  };
  return { asked, ask };
}

it('is among what the code imported in that second, and is about the source, with the code', async () => {
  const { asked, ask } = log([[redeemed('s-a')], [redeemed('s-b'), redeemed('s-mine')], [redeemed('s-c')]]);
  expect(await origin(came, ask)).toEqual({ ...redeemed('s-mine'), ResourceId: 's-mine', Detail: 'at-1' });
  expect(asked).toHaveLength(2);
  expect(asked[0]).toEqual({
    Event: 'token.redeemed',
    ResourceId: 'at-1',
    MaxResults: 100,
    StartTime: '2026-11-24T23:59:59Z',
    EndTime: '2026-11-25T00:00:00Z',
  });
});

it('is not that of another source whose id begins alike', async () => {
  expect(await origin(came, log([[redeemed('s-mine-too')]]).ask)).toBeNull();
});

it('is unknown when the log does not reach back, or the time is none', async () => {
  expect(await origin(came, log([[]]).ask)).toBeNull();
  const { asked, ask } = log([[redeemed('s-mine')]]);
  expect(await origin({ ...came, time: 'yesterday' }, ask)).toBeNull();
  expect(asked).toEqual([]);
});
