import { describe, expect, it } from 'vitest';
import { changeable, refusals, verbs } from './actions';

const now = Date.parse('2026-11-24T12:00:00Z');
const soon = '2026-12-24T12:00:00Z';

function possible(status: string, more: object = {}): string {
  const all = refusals({ Status: status, RunOnce: false, ValidTime: soon, ...more }, now);
  return verbs.filter((verb) => all[verb] === null).join(' ');
}

describe('what can be done with a job', () => {
  // The table of docs/src/replication.md.
  it.each([
    ['Ready', {}, 'start modify delete'],
    ['Running', { BusinessStatus: 'Preparing' }, 'modify'],
    ['Running', { BusinessStatus: 'Syncing' }, 'stop modify'],
    ['Running', { BusinessStatus: 'Processing' }, 'modify'],
    ['Stopped', {}, 'start modify delete'],
    ['InError', {}, 'start modify delete'],
    ['Waiting', {}, 'start cutOver modify delete'],
    ['Finished', {}, 'modify delete'],
    ['Expired', {}, 'modify delete'],
    ['Deleting', {}, ''],
    ['Waiting', { RunOnce: true }, 'start modify delete'],
    ['Waiting', { ValidTime: '2026-11-24T12:00:00Z' }, 'modify delete'],
    ['Running', { BusinessStatus: 'Syncing', ValidTime: '2020-01-01T00:00:00Z' }, 'stop modify'],
  ])('that is %s %j is: %s', (status, more, expected) => {
    expect(possible(status, more)).toBe(expected);
  });

  it.each([
    ['Ready', 'beginning copying cycle words'],
    ['Waiting', 'copying cycle words'],
    ['Running', 'copying words'],
    ['Finished', 'words'],
    ['Deleting', ''],
  ])('changes of one that is %s are: %s', (status, expected) => {
    const found = changeable({ Status: status, RunOnce: false, ValidTime: soon }, now);
    expect([...found].sort().join(' ')).toBe(expected);
  });
});
