import { describe, expect, it } from 'vitest';
import { codeFigures, codeMatters, failedJob, lostSource } from './matters';
import { figuresIn, figuresShown, percentOf, secondsLeft } from './figures';

const now = new Date('2026-11-24T12:00:00Z');

function token(id: string, change: object = {}): Parameters<typeof codeMatters>[0][number] {
  return {
    AccessTokenId: id,
    Name: id.toUpperCase(),
    Count: '5',
    RegisteredCount: '1',
    TimeToLiveInDays: '30',
    CreationTime: '2026-11-20T12:00:00Z',
    Status: 'activated',
    ...change,
  };
}

describe('what needs a person', () => {
  it('of codes: those that end soon, are used up, or were never used', () => {
    const tokens = [
      token('at-fine'),
      token('at-unused', { RegisteredCount: '0', CreationTime: '2026-11-10T12:00:00Z' }),
      token('at-young', { RegisteredCount: '0' }),
      token('at-spent', { RegisteredCount: '5' }),
      token('at-long-spent', { RegisteredCount: '5', CreationTime: '2026-10-30T12:00:00Z' }),
      token('at-later', { TimeToLiveInDays: '10' }),
      token('at-soon', { TimeToLiveInDays: '5', RegisteredCount: '0' }),
      token('at-off', { Status: 'unactivated', TimeToLiveInDays: '5' }),
    ];
    expect(codeMatters(tokens, now).map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'expiring at-soon',
      'expiring at-later',
      'spent at-spent',
      'unused at-unused',
    ]);
    expect(codeFigures(tokens, now)).toEqual({ usable: 5, expiring: 2, spent: 2, usesLeft: 4 + 5 + 5 + 4 + 5 });
  });

  it('of jobs and sources: what the center says of them', () => {
    const info = JSON.stringify({ error_code: 'Replication.Broken', error_msg: 'the link broke' });
    expect(failedJob({ JobId: 'j-1', Name: 'web', ErrorCode: 'Replication.Broken', StatusInfo: info })).toEqual({
      kind: 'job',
      id: 'j-1',
      name: 'web',
      code: 'Replication.Broken',
      message: 'the link broke',
    });
    const lost = (code: string): object =>
      lostSource({ SourceId: 's-1', StatusInfo: JSON.stringify({ error_code: code, error_msg: 'no news' }) });
    expect(lost('SourceServer.Offline')).toEqual({ kind: 'offline', id: 's-1', name: 's-1', message: 'no news' });
    // An agent that tells of a fault is not offline.
    expect(lost('SourceServer.Fault')).toMatchObject({ kind: 'faulty', message: 'no news' });
    expect(lostSource({ SourceId: 's-1', StatusInfo: 'not JSON' })).toMatchObject({ kind: 'faulty', message: '' });
  });
});

describe('the figures of a copy', () => {
  const info = (change: object = {}): string =>
    JSON.stringify({
      phase: 'full',
      pass: 1,
      disks: [
        { disk: 0, bytes_total: 300, bytes_left: 100 },
        { disk: 1, bytes_total: 100, bytes_left: 100 },
      ],
      bytes_per_second: 50,
      ...change,
    });

  it('give percent and time left of the pass over all disks', () => {
    const figures = figuresIn(info());
    expect(figures && percentOf(figures)).toBe(50);
    expect(figures && secondsLeft(figures)).toBe(4);
  });

  it('give no time while nothing moves, and no percent of nothing', () => {
    const still = figuresIn(info({ bytes_per_second: 0, disks: [] }));
    expect(still && secondsLeft(still)).toBeUndefined();
    expect(still && percentOf(still)).toBe(0);
  });

  it('are those that were heard, or asked for, and none of a job that does not copy any more', () => {
    const heard = figuresIn(info({ pass: 2 }));
    const of = (BusinessStatus: string | undefined, said?: typeof heard): number | undefined =>
      figuresShown({ BusinessStatus, StatusInfo: info() }, said)?.pass;
    expect([of('Syncing'), of('Syncing', heard), of(undefined, heard)]).toEqual([1, 2, 2]);
    expect(['Preparing', 'Processing', 'Cleaning'].map((status) => of(status, heard))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each([undefined, '', '[]', '{}', '{"phase":"dancing"}', '{"error_code":"x"}'])('are not in %j', (text) => {
    expect(figuresIn(text)).toBeUndefined();
  });
});
