import { expect, it } from 'vitest';
import { cut, filled, lengthOf, shortly } from './words';

it.each([
  [0, '0ms'],
  [12.4, '12ms'],
  [1_500, '1.5s'],
  [200_000, '3m 20s'],
])('%d milliseconds are %s', (milliseconds, said) => {
  expect(shortly(milliseconds, 'en')).toBe(said);
});

it('an empty name is as good as none', () => {
  expect([filled('', 'x'), filled(undefined, 'x'), filled(null, 'x'), filled('a', 'x')]).toEqual(['x', 'x', 'x', 'a']);
});

it('characters are counted as the model counts them', () => {
  expect(lengthOf('😀生a')).toBe(3);
  expect(cut('😀生a', 2)).toBe('😀生');
});
