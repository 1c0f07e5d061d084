import { describe, expect, it } from 'vitest';
import { changeFaults, changeOf, changes, type Change } from './change';

const job = {
  Name: 'web',
  CreationTime: '2026-11-24T12:00:00Z',
  ValidTime: '2026-12-24T12:00:00Z',
  Frequency: 6,
  MaxNumberOfImageToKeep: 2,
  ReplicationParameters: '{"bandwidth_limit":1024}',
};

function changed(more: Partial<Change>): object {
  return changes(job, { ...changeOf(job), ...more });
}

describe('a change', () => {
  it('of nothing is nothing', () => {
    expect(changed({})).toEqual({});
    expect(changeFaults(job, changeOf(job)).size).toBe(0);
  });

  it.each([
    [{ name: 'db' }, { Name: 'db' }],
    [{ description: 'rack 7' }, { Description: 'rack 7' }],
    [
      { hours: 12, keep: 3 },
      { Frequency: 12, MaxNumberOfImageToKeep: 3 },
    ],
    [{ validDays: 60 }, { ValidTime: '2027-01-23T12:00:00Z' }],
    // Taking the only limit away has to say something, or the limit would stay.
    [{ copy: { ...changeOf(job).copy, bandwidth: '' } }, { ReplicationParameters: '{}' }],
  ] satisfies [Partial<Change>, object][])('to %j sends %j', (more, expected) => {
    expect(changed(more)).toEqual(expected);
  });

  it.each([
    [{ name: '' }, ['name']],
    [{ hours: 0, keep: 11, validDays: 91 }, ['hours', 'keep', 'validDays']],
    [{ description: '' }, []],
  ] satisfies [Partial<Change>, string[]][])('to %j has the faults %j', (more, expected) => {
    expect([...changeFaults(job, { ...changeOf(job), ...more })].sort()).toEqual(expected);
  });
});
