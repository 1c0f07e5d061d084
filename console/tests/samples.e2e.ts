/** The generated programs, run: against a center each gives what the explorer's call gives. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleValues } from '../src/explorer/examples.ts';
import { parameterTree, type Parameter } from '../src/explorer/model.ts';
import type { Pair } from '../src/explorer/pairs.ts';
import { sampleCall, type SampleCall } from '../src/explorer/samples/sample.ts';
import { testModel, testOperation } from '../src/explorer/testModel.ts';
import { violations } from '../src/explorer/validate.ts';
import { toPairs, type FormValue, type FormValues } from '../src/explorer/values.ts';
import { endAll } from './harness.ts';
import { haveClients, RUNNABLE, runSample, startRecorder, type Recorder } from './samplesRun.ts';
import { startCenter, type Reply, type SamplesCenter } from './samplesCenter.ts';

let center: SamplesCenter;
let recorder: Recorder;
beforeAll(async () => {
  [center, recorder] = [await startCenter(), await startRecorder()];
});
afterAll(async () => {
  await endAll();
  await recorder.stop();
});

const callOf = (name: string, values: FormValues, host = center.host): SampleCall =>
  sampleCall(testOperation(name), values, { protocol: 'http', host });
const explorer = (call: SampleCall): Promise<Reply> => center.explorer(call.operation, call.pairs);
const without = (body: unknown, ...names: string[]): unknown => {
  const copy = { ...(body as Record<string, unknown>) };
  for (const name of ['RequestId', ...names]) Reflect.deleteProperty(copy, name);
  return copy;
};

it('the official clients are installed (conformance/run)', () => {
  expect(haveClients).toBe(true);
});

/** Texts that a program must carry unchanged. */
const DESCRIPTION = `it's "5" $HOME \`id\` \\n %s 名 🦀 {x} !`;

describe.each(RUNNABLE)('%s', (language) => {
  it.each<[string, FormValues]>([
    ['ListAccessTokens', {}],
    ['DescribeSourceServers', { PageSize: '5', Name: 'a' }],
    ['DescribeReplicationJobs', { RegionId: 'cn-hangzhou', PageSize: '3' }],
    ['DescribeWorkgroups', {}],
    ['ListTagResources', { ResourceType: 'sourceserver', Tag: [{ Key: DESCRIPTION.replace('http', '') }] }],
    ['GetAgentEndpoint', {}],
    ['DescribeImages', { PageSize: '7' }],
  ])('%s gives what the explorer gives', async (name, values) => {
    const call = callOf(name, values);
    const [reply, ran] = [await explorer(call), await runSample(language, call)];
    expect(ran, ran.err).toMatchObject({ code: 0 });
    expect(reply.status).toBe(200);
    expect(without(JSON.parse(ran.out))).toEqual(without(reply.body));
  });

  it('CreateAccessToken makes the code that was filled in', async () => {
    const call = callOf('CreateAccessToken', {
      Name: `of-${language}`,
      Description: DESCRIPTION,
      Count: '7',
      TimeToLiveInDays: '3',
    });
    const ran = await runSample(language, call);
    expect(ran, ran.err).toMatchObject({ code: 0 });
    const made = JSON.parse(ran.out) as { AccessTokenId: string };
    const reply = await explorer(callOf('DescribeAccessToken', { AccessTokenId: made.AccessTokenId }));
    expect(reply.body).toMatchObject({
      Name: `of-${language}`,
      Description: DESCRIPTION,
      Count: '7',
      TimeToLiveInDays: '3',
    });
  });

  it('a refusal is the same refusal', async () => {
    const call = callOf('DeleteAccessToken', { AccessTokenId: 'at-absent' });
    const [reply, ran] = [await explorer(call), await runSample(language, call)];
    expect(reply.body.Code).toBe('InvalidAccessTokenId.NotFound');
    expect(ran.out + ran.err).toContain('InvalidAccessTokenId.NotFound');
    if (language !== 'curl') expect(ran.code).not.toBe(0);
  });
});

/** As the server reads them: Python writes booleans its own way, and a client may add its region. */
const meant = (pairs: readonly Pair[]): string[] =>
  pairs.map(([name, value]) => `${name}=${/^(true|false)$/i.test(value) ? value.toLowerCase() : value}`).sort();

describe('every parameter of every operation reaches the wire', () => {
  const everything = testModel()
    .operations.filter(({ product }) => product === 'smc')
    .map(({ name }) => name);
  const nested = ['CreateReplicationJob', 'CreateCrossZoneMigrationJob', 'UntagResources', 'ListAuditEvents'];
  const cases = [
    ...everything.map((name) => ['python', name]),
    ...nested.flatMap((name) => ['python-classic', 'node', 'node-pop-core'].map((language) => [language, name])),
  ];

  it.each(cases)('%s: %s', async (language = '', name = '') => {
    const operation = testOperation(name);
    const lacking = name === 'ListAccessTokens' ? ['PageNumber', 'PageSize'] : [];
    const all = exampleValues(parameterTree(operation.parameters), true, 2);
    const values = Object.fromEntries(Object.entries(all).filter(([member]) => !lacking.includes(member)));
    const call = callOf(name, values, recorder.host);
    const ran = await runSample(language, call);
    expect(ran, ran.err).toMatchObject({ code: 0 });
    const added = call.pairs.some(([own]) => own === 'RegionId') ? [] : ['RegionId'];
    expect(meant(recorder.last().filter(([own]) => !added.includes(own)))).toEqual(meant(call.pairs));
  });
});

/** What breaks each kind of rule. */
function badValues(rule: Parameter): string[] {
  if (rule.type === 'boolean') return ['yes', '1'];
  if (rule.type !== 'string') return ['-1', '1e2', '99999999999999999999', ' 1', 'x"\n'];
  return [
    '',
    'a\nb',
    'x'.repeat((rule.max_len ?? 64) + 1),
    'http://x',
    '1',
    '-',
    'é',
    '2026-02-30T00:00:00Z',
    '{',
    "\u202e\\'",
  ];
}

/** Every value of a form replaced by each bad one in turn. */
function* spoiled(rules: readonly Parameter[], values: FormValues, at = ''): Generator<FormValues> {
  for (const [name, value] of Object.entries(values)) {
    for (const other of spoiledValue(rules, value, at === '' ? name : `${at}.${name}`))
      yield { ...values, [name]: other };
  }
}

function* spoiledValue(rules: readonly Parameter[], value: FormValue, path: string): Generator<FormValue> {
  if (typeof value === 'string') {
    const rule = rules.find((own) => own.name === path);
    if (rule) yield* badValues(rule);
  } else if (Array.isArray(value)) {
    const [first] = value as FormValue[];
    if (first === undefined) return;
    for (const other of spoiledValue(rules, first, `${path}.N`)) yield [other];
    yield [first, first];
    yield Array.from({ length: 60 }, (_, index) => (typeof first === 'string' ? `${first}${String(index)}` : first));
  } else yield* spoiled(rules, value as FormValues, path);
}

describe('the form says what the server says', { timeout: 300_000 }, () => {
  it.each(testModel().operations.map(({ name }) => [name]))('%s', async (name) => {
    const operation = testOperation(name);
    const nodes = parameterTree(operation.parameters);
    const whole = exampleValues(nodes, true);
    const forms = [
      {},
      ...Object.keys(whole).map((own) => ({ [own]: whole[own] ?? '' })),
      ...spoiled(operation.parameters, whole),
    ];
    for (const values of forms) {
      const [own] = violations(nodes, values);
      if (!own) continue;
      const { body } = await center.call(operation, toPairs(nodes, values));
      expect({ code: body.Code, message: body.Message }, JSON.stringify(values)).toEqual({
        code: own.code,
        message: own.message,
      });
    }
  });
});
