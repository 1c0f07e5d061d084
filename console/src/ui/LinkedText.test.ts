import { expect, it } from 'vitest';
import { placeOf } from './LinkedText';

it.each([
  ['at-1', '/tokens/at-1'],
  ['s-1/..', '/sources/s-1%2F..'],
  ['j-1', '/jobs/j-1'],
  ['m-1', '/images/m-1'],
  ['alice', null],
  ['constructor-1', null],
])('%s has its page at %s', (id, place) => expect(placeOf(id)).toBe(place));
