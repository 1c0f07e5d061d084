import { describe, expect, it } from 'vitest';
import { expectedDowntime, newestFirst, nextRun, took } from './schedule';

const run = (start: string, end: string, image = '') => ({
  StartTime: `2026-11-24T${start}Z`,
  EndTime: end && `2026-11-24T${end}Z`,
  ImageId: image,
});
const first = run('10:00:00', '10:05:00', 'm-1');
const second = run('12:00:00', '12:00:20', 'm-2');
const going = run('13:00:00', '');

function job(more: object) {
  return {
    Status: 'Waiting',
    RunOnce: false,
    Frequency: 6,
    ReplicationJobRuns: { ReplicationJobRun: [second, first] },
    ...more,
  };
}

describe('the next run', () => {
  it.each([
    [{}, '2026-11-24T18:00:20.000Z'],
    [{ Status: 'Ready', ScheduledStartTime: '2026-12-01T22:00:00Z' }, '2026-12-01T22:00:00.000Z'],
    [{ Status: 'Ready', ScheduledStartTime: '' }, undefined],
    [{ Status: 'Running' }, undefined],
    [{ Status: 'Stopped' }, undefined],
    [{ RunOnce: true }, undefined],
    [{ ReplicationJobRuns: { ReplicationJobRun: [] } }, undefined],
  ])('with %j is %s', (more, expected) => {
    const at = nextRun(job(more));
    expect(at === undefined ? undefined : new Date(at).toISOString()).toBe(expected);
  });
});

describe('runs', () => {
  it('are shown newest first, with how long they took', () => {
    expect(newestFirst([first, going, second])).toEqual([going, second, first]);
    expect(took(second)).toBe(20_000);
    expect(took(going)).toBeUndefined();
  });

  it('tell how long a cutover takes only when one after the first was made', () => {
    expect(expectedDowntime([first])).toBeUndefined();
    expect(expectedDowntime([going, second, first])).toBe(20_000);
  });
});
