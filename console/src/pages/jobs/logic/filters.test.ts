import { expect, it } from 'vitest';
import { filtersIn } from './filters';

it.each([
  ['', { page: 1, status: undefined, source: undefined, name: '' }],
  ['page=3&status=InError&source=s-1&name=web', { page: 3, status: 'InError', source: 's-1', name: 'web' }],
  ['page=-1&status=<b>&source=j-1', { page: 1, status: undefined, source: undefined, name: '' }],
])('the address %j has its filters', (query, expected) => {
  expect(filtersIn(new URLSearchParams(query))).toEqual(expected);
});
