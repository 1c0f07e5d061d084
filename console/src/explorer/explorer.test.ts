import { describe, expect, it } from 'vitest';
import { exampleValues } from './examples.ts';
import { errorEntry, isDestructive, parameterTree } from './model.ts';
import { testModel, testOperation } from './testModel.ts';
import { shown, violations } from './validate.ts';
import { compact, fromPairs, toPairs, withoutSecrets, type FormValues } from './values.ts';

const tree = (name: string): ReturnType<typeof parameterTree> => parameterTree(testOperation(name).parameters);
const first = (name: string, values: FormValues): string => violations(tree(name), values)[0]?.code ?? 'none';

describe('values', () => {
  it.each(testModel().operations.map((operation) => [operation.name]))('of %s survive being flattened', (name) => {
    const values = exampleValues(tree(name), true, 2);
    expect(fromPairs(tree(name), toPairs(tree(name), values))).toEqual(values);
  });

  it('are flattened as the wire has them', () => {
    const values = { ResourceType: 'sourceserver', ResourceId: ['s-a', '', 's-b'], Tag: [{ Key: 'a', Value: '' }] };
    expect(toPairs(tree('TagResources'), values)).toEqual([
      ['ResourceId.1', 's-a'],
      ['ResourceId.3', 's-b'],
      ['ResourceType', 'sourceserver'],
      ['Tag.1.Key', 'a'],
    ]);
    expect(toPairs(tree('TagResources'), compact(values))[1]).toEqual(['ResourceId.2', 's-b']);
  });

  it('nest three deep', () => {
    const values = { Disks: { Data: [{ Part: [{ Path: '/a' }, { Path: '/b' }] }] } };
    const pairs = toPairs(tree('CreateReplicationJob'), values);
    expect(pairs).toEqual([
      ['Disks.Data.1.Part.1.Path', '/a'],
      ['Disks.Data.1.Part.2.Path', '/b'],
    ]);
    expect(fromPairs(tree('CreateReplicationJob'), pairs)).toEqual(values);
  });

  it('that are secret are not remembered', () => {
    const nodes = tree('CreateAccessToken').map((node) =>
      node.name === 'Name' ? { ...node, rule: { ...node.rule, secret: true } } : node,
    );
    expect(withoutSecrets(nodes, { Name: 'x', Count: '1' })).toEqual({ Count: '1' });
  });
});

describe('validation', () => {
  it.each<[string, FormValues, string]>([
    ['CreateAccessToken', {}, 'none'],
    ['CreateAccessToken', { Count: '1001' }, 'InvalidParameter.Count'],
    ['CreateAccessToken', { Count: '1e2' }, 'InvalidParameter.Count'],
    ['CreateAccessToken', { Name: '1a' }, 'InvalidParameter.Name'],
    ['DeleteAccessToken', {}, 'MissingParameter.AccessTokenId'],
    ['DeleteAccessToken', { AccessTokenId: 's-x' }, 'InvalidParameter.AccessTokenId'],
    ['TagResources', { ResourceType: 'x' }, 'InvalidResourceType.NotFound'],
    ['TagResources', { ResourceType: 'sourceserver', ResourceId: ['s-a', 's-a'] }, 'Duplicate.ResourceId'],
    [
      'TagResources',
      { ResourceType: 'sourceserver', ResourceId: ['s-a'], Tag: [{ Key: 'a' }, { Key: 'a' }] },
      'InvalidParameter.TagKey',
    ],
    [
      'TagResources',
      { ResourceType: 'sourceserver', ResourceId: ['s-a'], Tag: [{ Value: 'a' }] },
      'MissingParameter.TagKey',
    ],
    ['CreateReplicationJob', { RegionId: 'x', SourceId: 's-a', RunOnce: 'False' }, 'MissingParameter.Frequency'],
    [
      'CreateReplicationJob',
      { RegionId: 'x', SourceId: 's-a', ValidTime: '2026-02-30T00:00:00Z' },
      'InvalidParameter.ValidTime',
    ],
  ])('%s with %j: %s', (name, values, code) => {
    expect(first(name, values)).toBe(code);
  });

  it('says what the server says, and repeats no id', () => {
    expect(violations(tree('CreateAccessToken'), { Count: '0' })[0]?.message).toBe(
      'Specified parameter Count is not valid: it must be a whole number from 1 to 1000, but was "0".',
    );
    expect(violations(tree('DeleteAccessToken'), { AccessTokenId: 'B57Qo' })[0]?.message).not.toContain('B57Qo');
  });

  it.each([
    ['a\n"b\\', 'a\\n\\"b\\\\'],
    ['\u202ex\0', '\\u{202e}x\\0'],
    ['名字', '名字'],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['x'.repeat(65), `${'x'.repeat(63)}…`],
    ['\n'.repeat(40), `${'\\n'.repeat(31)}…`],
  ])('shows %j printable and short', (value, expected) => {
    expect(shown(value)).toBe(expected);
  });
});

it('codes of a family have its entry', () => {
  const errors = [
    { code: 'InvalidParameter.{Parameter}', status: 400, cause: '', remedy: 'family' },
    { code: 'InvalidParameter.Name', status: 400, cause: '', remedy: 'own' },
  ];
  expect(errorEntry(errors, 'InvalidParameter.Count')?.remedy).toBe('family');
  expect(errorEntry(errors, 'InvalidParameter.Name')?.remedy).toBe('own');
  expect(errorEntry(errors, 'Other')).toBeUndefined();
});

it('what takes something away is asked for first', () => {
  const destructive = testModel()
    .operations.filter(isDestructive)
    .map(({ name }) => name);
  expect(destructive).toEqual(
    expect.arrayContaining(['DeleteAccessToken', 'DisableAccessToken', 'UntagResources', 'StopReplicationJob']),
  );
  expect(destructive).not.toContain('CreateAccessToken');
  expect(destructive).not.toContain('DescribeSourceServers');
});
