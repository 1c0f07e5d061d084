import { expect, it } from 'vitest';
import { isTime, request } from './filters';

it.each([
  ['', { MaxResults: 50 }],
  ['event=token.created&about=at-1', { MaxResults: 50, Event: 'token.created', ResourceId: 'at-1' }],
  [
    'by=center&from=2026-11-24T08:00:00Z&to=soon',
    { MaxResults: 50, Actor: 'center', StartTime: '2026-11-24T08:00:00Z' },
  ],
  ['about=%20', { MaxResults: 50 }],
])('%j asks for %j', (search, asked) => {
  expect(request(new URLSearchParams(search), undefined)).toEqual(asked);
});

it('goes on where the page before ended', () => {
  expect(request(new URLSearchParams(), 'next')).toEqual({ MaxResults: 50, NextToken: 'next' });
});

it.each([
  ['2026-11-24T08:00:00Z', true],
  ['2026-13-24T08:00:00Z', false],
  ['2026-11-24', false],
  ['', false],
])('%j is a time: %s', (text, is) => expect(isTime(text)).toBe(is));
