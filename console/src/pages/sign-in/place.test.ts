import { expect, it } from 'vitest';
import { placeFrom } from './place';
import { takeLink, linkToken, tokenIn } from '@/api/link';

it.each([
  [{ from: '/sources/s-1?page=2' }, '/sources/s-1?page=2'],
  [{ from: '//elsewhere.example' }, '/'],
  [{ from: '/\\elsewhere.example' }, '/'],
  [{ from: 'javascript:alert(1)' }, '/'],
  [{ from: '/sign-in' }, '/'],
  [{ from: 7 }, '/'],
  [null, '/'],
])('after %j one goes to %s', (state, place) => {
  expect(placeFrom(state)).toBe(place);
});

it('a token leaves the address at once and is given once', () => {
  const replaced: unknown[] = [];
  takeLink({
    location: { hash: `#token=${'a'.repeat(43)}`, pathname: '/console/', search: '' },
    history: { replaceState: (_: unknown, __: string, url: string) => replaced.push(url) },
  } as unknown as Window);
  expect(replaced).toEqual(['/console/']);
  expect(linkToken()).toBe('a'.repeat(43));
  expect(linkToken()).toBeNull();
});

it('what cannot be a token is none', () => {
  for (const fragment of ['', '#content', '#token=', '#token=<b>', `#token=${'a'.repeat(600)}`]) {
    expect(tokenIn(fragment)).toBeNull();
  }
});
