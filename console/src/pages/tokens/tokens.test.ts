import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { importCommand, installCommand } from './commands';
import { blank, limits, nameFits, nameRules, parametersOf } from './rules';
import { actorName, expiresWithin, expiry, tokenState, uses, type TokenFacts } from './standing';

const token: TokenFacts = {
  Count: '5',
  RegisteredCount: '2',
  TimeToLiveInDays: '30',
  CreationTime: '2026-11-24T08:00:00Z',
  Status: 'activated',
};

describe('a code', () => {
  it.each<[Partial<TokenFacts>, string]>([
    [{}, 'activated'],
    [{ RegisteredCount: '5' }, 'spent'],
    [{ RegisteredCount: '6' }, 'spent'],
    [{ Status: 'unactivated', RegisteredCount: '5' }, 'unactivated'],
    [{ Status: 'expired' }, 'expired'],
  ])('with %j is %s', (change, state) => {
    expect(tokenState({ ...token, ...change })).toBe(state);
  });

  it('has uses left, never fewer than none', () => {
    expect(uses(token)).toEqual({ count: 5, used: 2, left: 3 });
    expect(uses({ Count: '1', RegisteredCount: '3' }).left).toBe(0);
    expect(uses({ Count: 'x', RegisteredCount: '-1' })).toEqual({ count: 0, used: 0, left: 0 });
  });

  it('ends its days after its creation', () => {
    expect(expiry(token)?.toISOString()).toBe('2026-12-24T08:00:00.000Z');
    expect(expiry({ CreationTime: 'yesterday', TimeToLiveInDays: '1' })).toBeUndefined();
  });

  it.each([
    ['2026-12-17T08:00:00Z', {}, true],
    ['2026-12-17T07:59:59Z', {}, false],
    ['2026-12-20T08:00:00Z', { Status: 'unactivated' }, false],
    ['2026-12-20T08:00:00Z', { RegisteredCount: '5' }, false],
  ])('at %s with %j expires within a week: %s', (now, change, soon) => {
    expect(expiresWithin({ ...token, ...change }, 7, new Date(now))).toBe(soon);
  });

  it('was made by someone with a short name', () => {
    expect(actorName('acs:ram::1234567890123456:user/alice')).toBe('user/alice');
    expect(actorName('center')).toBe('center');
  });
});

describe('the rules of a new code', () => {
  it.each([
    ['', true, { length: false, start: false, marks: false }],
    ['a', false, { length: false, start: true, marks: true }],
    ['rack-7', true, { length: true, start: true, marks: true }],
    ['机架_7', true, { length: true, start: true, marks: true }],
    ['7rack', false, { length: true, start: false, marks: true }],
    ['rack 7', false, { length: true, start: true, marks: false }],
    ['<b>x</b>', false, { length: true, start: false, marks: false }],
    ['a'.repeat(128), true, { length: true, start: true, marks: true }],
    ['a'.repeat(129), false, { length: false, start: true, marks: true }],
  ])('say of the name %j that it fits: %s', (name, fits, rules) => {
    expect(nameFits(name)).toBe(fits);
    expect(nameRules(name)).toEqual(rules);
  });

  it.each([
    [{}, { Count: '100', TimeToLiveInDays: '30' }],
    [
      { name: 'ab', description: 'c d' },
      { Name: 'ab', Description: 'c d', Count: '100', TimeToLiveInDays: '30' },
    ],
    [{ count: 0 }, undefined],
    [{ count: 1001 }, undefined],
    [{ count: 1.5 }, undefined],
    [{ count: '' }, undefined],
    [{ days: 91 }, undefined],
    [{ description: 'a\u0007b' }, undefined],
    [{ description: 'a'.repeat(257) }, undefined],
    [{ name: '7' }, undefined],
  ])('make of %j the parameters %j', (change, parameters) => {
    expect(parametersOf({ ...blank, ...change })).toEqual(parameters);
  });

  it('are those of the model', () => {
    interface Parameter {
      name: string;
      default?: string;
      minimum?: number;
      maximum?: number;
      min_len?: number;
      max_len?: number;
    }
    const path = new URL('../../../../crates/smc-model/model/smc-2019-06-01.json', import.meta.url);
    const model = JSON.parse(readFileSync(path, 'utf8')) as { operations: { name: string; parameters: Parameter[] }[] };
    const operation = model.operations.find(({ name }) => name === 'CreateAccessToken');
    const of = (name: string): Parameter | undefined => operation?.parameters.find((one) => one.name === name);
    const { name, description, count, days } = limits;
    expect(of('Name')).toMatchObject({ min_len: name.min, max_len: name.max, format: 'name' });
    expect(of('Description')).toMatchObject({ min_len: description.min, max_len: description.max, format: 'text' });
    expect(of('Count')).toMatchObject({ minimum: count.min, maximum: count.max, default: String(count.usual) });
    expect(of('TimeToLiveInDays')).toMatchObject({ minimum: days.min, maximum: days.max, default: String(days.usual) });
  });
});

describe('the commands for a server', () => {
  const endpoint = {
    CaFingerprint: 'sha256:ab',
    TlsKeyPin: 'sha256//cd=',
    Addresses: ['10.0.0.1:8621'],
    HandsOutAgent: true,
  };

  it('carry the code in the environment and pin the center', () => {
    expect(installCommand(endpoint, 'at-1', 'CODE')).toBe(
      `script=$(curl -fsSk --pinnedpubkey 'sha256//cd=' https://10.0.0.1:8621/install.sh) && LANDFALL_TOKEN_CODE=CODE sh -c "$script" sh --token-id at-1`,
    );
    expect(importCommand(endpoint, 'at-1', 'CODE')).toBe(
      'LANDFALL_TOKEN_CODE=CODE landfall-agent import --server https://10.0.0.1:8621 --ca-fingerprint sha256:ab --token-id at-1',
    );
  });

  it('are missing where they would not work', () => {
    expect(installCommand({ ...endpoint, HandsOutAgent: false }, 'at-1', 'C')).toBeUndefined();
    expect(installCommand({ ...endpoint, Addresses: [] }, 'at-1', 'C')).toBeUndefined();
    expect(importCommand({ ...endpoint, Addresses: [] }, 'at-1', 'C')).toBeUndefined();
  });
});
