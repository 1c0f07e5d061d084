import { expect, it } from 'vitest';
import { idleness } from './idle';

const minute = 60_000;

it.each([
  ['someone just came', 0, 0, 0, { kind: 'here', keepAlive: false }],
  ['someone reads and scrolls', 5 * minute, 4.9 * minute, 0, { kind: 'here', keepAlive: true }],
  ['nobody did anything since the renewal', 10 * minute, 0, 0, { kind: 'here', keepAlive: false }],
  ['two minutes are left', 28 * minute, 0, 0, { kind: 'warn', seconds: 120 }],
  ['one second is left', 30 * minute - 1_000, 0, 0, { kind: 'warn', seconds: 1 }],
  ['the time is over', 30 * minute, 0, 0, { kind: 'leave' }],
  ['the machine slept', 600 * minute, 0, 0, { kind: 'leave' }],
])('%s', (_, now, deed, renewed, idle) => {
  expect(idleness(now, deed, renewed, 1_800)).toEqual(idle);
});

it('a short session warns in its second half only', () => {
  expect(idleness(20_000, 0, 0, 60)).toEqual({ kind: 'here', keepAlive: false });
  expect(idleness(31_000, 0, 0, 60)).toEqual({ kind: 'warn', seconds: 29 });
});
