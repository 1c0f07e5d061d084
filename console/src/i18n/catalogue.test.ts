import { describe, expect, it } from 'vitest';
import { texts as en } from './en';
import { preferredLanguage } from './language';
import { texts as zh } from './zh';

/** Every path of a catalogue with its text; a function is called with numbers and words that show in the result. */
function flat(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') {
    const made: unknown = (value as (...args: unknown[]) => unknown)(3, 5, 7, 9);
    return [[path, String(made)]];
  }
  return Object.entries(value as object).flatMap(([key, inner]) => flat(inner, path ? `${path}.${key}` : key));
}

describe('the catalogue', () => {
  it('has the same texts in both languages', () => {
    expect(
      flat(zh)
        .map(([path]) => path)
        .sort(),
    ).toEqual(
      flat(en)
        .map(([path]) => path)
        .sort(),
    );
  });

  it('has no empty text', () => {
    expect([...flat(en), ...flat(zh)].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('leaves no sentence untranslated', () => {
    const english = new Map(flat(en));
    const same = flat(zh).filter(([path, text]) => english.get(path) === text && /[a-z]+ [a-z]+ [a-z]+/.test(text));
    expect(same).toEqual([]);
  });
});

describe('the preferred language', () => {
  const nothing = { getItem: () => null };
  it.each([
    [['zh-CN', 'en'], 'zh'],
    [['de', 'zh-TW'], 'zh'],
    [['de', 'en-GB', 'zh'], 'en'],
    [[], 'en'],
  ])('of a browser with %j is %s', (browser, language) => {
    expect(preferredLanguage(nothing, browser)).toBe(language);
  });

  it('is the one chosen before', () => {
    expect(preferredLanguage({ getItem: () => 'zh' }, ['en'])).toBe('zh');
    expect(preferredLanguage({ getItem: () => 'xx' }, ['en'])).toBe('en');
  });
});
