import { expect, it } from 'vitest';
import { texts } from '@/i18n/en';
import { documentFaults, isPolicyName, isUserName, startingDocument } from './rules';

const words = texts.identities.policies;

it.each([
  ['alice', true],
  ['a.b_c-d', true],
  ['-a', false],
  ['', false],
  ['a b', false],
  ['a'.repeat(65), false],
])('user name %j: %s', (name, fits) => expect(isUserName(name)).toBe(fits));

it('policy names are letters, digits and hyphens', () => {
  expect(isPolicyName('codes-only')).toBe(true);
  for (const name of ['', 'a_b', 'a'.repeat(129)]) expect(isPolicyName(name)).toBe(false);
});

it.each([
  [startingDocument, []],
  ['[]', [words.notObject]],
  ['{"Version":"1"}', [words.noStatement]],
  ['{"Version":"1","Statement":[]}', [words.noStatement]],
  ['{"Version":"2","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}', [words.noVersion]],
  ['{"Version":"1","Statement":[{"Effect":"Maybe"}]}', [words.statement(1, words.effect)]],
  ['{"Version":"1","Statement":[{"Effect":"Allow","Resource":"*"}]}', [words.statement(1, words.action)]],
  [
    '{"Version":"1","Statement":[{"Effect":"Allow","NotAction":"a"},7]}',
    [words.statement(1, words.resource), words.statement(2, words.notObject)],
  ],
])('%s', (document, faults) => expect(documentFaults(document, words)).toEqual(faults));

it('says where JSON breaks', () => {
  expect(documentFaults('{', words)[0]).toContain('not JSON');
});
