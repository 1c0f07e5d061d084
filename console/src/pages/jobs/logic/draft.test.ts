import { describe, expect, it } from 'vitest';
import { emptyDraft, faults, faultsOf, isName, requests, steps, Tokens, type Draft } from './draft';
import { checks, optionsIn, plainCopy, written } from './parameters';

const now = Date.parse('2026-11-24T12:00:00Z');
const web = { id: 's-1', name: 'web server (old)' };
const mail = { id: 's-2', name: '' };

function draft(more: Partial<Draft>): Draft {
  return { ...emptyDraft, sources: [web], ...more };
}

describe('a draft', () => {
  it.each([
    [{}, []],
    [{ sources: [] }, ['noSource']],
    [{ kind: 'incremental', hours: 169, keep: '' }, ['hours', 'keep']],
    [{ kind: 'once', hours: 169, keep: '' }, []],
    [{ start: 'at', at: '' }, ['at']],
    [{ start: 'at', at: '2026-11-24T11:59' }, ['at']],
    [{ start: 'at', at: '2026-12-05T12:00', validDays: 7 }, ['atAfterValidity']],
    [{ start: 'at', at: '2026-12-25T12:00', validDays: 90 }, ['at']],
    [{ validDays: 6 }, ['validDays']],
    [{ name: '7up', imageName: 'a', description: 'http://x' }, ['description', 'imageName', 'name']],
    [{ disks: [] }, ['noDisk']],
    [{ disks: [], sources: [web, mail] }, []],
    [{ copy: { ...plainCopy, bandwidth: -1, freeze: 49 } }, ['bandwidth', 'freeze']],
  ] satisfies [Partial<Draft>, string[]][])('with %j has the faults %j', (more, expected) => {
    expect([...faults(draft(more), now)].sort()).toEqual(expected);
  });

  it('tells each fault at one step', () => {
    const bad = draft({
      sources: [],
      kind: 'incremental',
      hours: '',
      name: '1',
      disks: [],
      copy: { ...plainCopy, freeze: 1 },
    });
    const all = faults(bad, now);
    expect(steps.flatMap((step) => faultsOf(step, all)).sort()).toEqual([...all].sort());
  });

  it.each([
    ['ab', true],
    ['生产 web', false],
    ['生产:web_1-2', true],
    ['a', false],
    ['a'.repeat(129), false],
    ['é1', false],
  ])('takes %j for a name: %s', (name, fine) => {
    expect(isName(name)).toBe(fine);
  });
});

describe('the calls of a draft', () => {
  it('say only what was asked for', () => {
    expect(requests(draft({}), now)).toEqual([
      { RegionId: 'local', SourceId: 's-1', RunOnce: true, ValidTime: '2026-12-24T12:00:00Z' },
    ]);
  });

  it('say all that was asked for', () => {
    const full = draft({
      kind: 'incremental',
      start: 'at',
      at: '2026-11-25T08:30',
      name: 'web',
      imageName: 'web-image',
      description: 'rack 7',
      disks: [2],
      copy: { bandwidth: 1.5, compression: 0, checksum: 'every', freeze: 500 },
    });
    expect(requests(full, now)).toEqual([
      {
        RegionId: 'local',
        SourceId: 's-1',
        Name: 'web',
        Description: 'rack 7',
        ImageName: 'web-image',
        RunOnce: false,
        Frequency: 6,
        MaxNumberOfImageToKeep: 2,
        ScheduledStartTime: '2026-11-25T08:30:00Z',
        ValidTime: '2026-12-24T12:00:00Z',
        ReplicationParameters: '{"bandwidth_limit":1536,"compress_level":0,"checksum":true,"freeze_budget_ms":500}',
        DataDisk: [{ Index: 2 }],
      },
    ]);
  });

  it('of several sources have names of their own that a name may be', () => {
    const made = requests(draft({ sources: [web, mail], name: 'move', disks: [1] }), now);
    expect(made.map(({ Name }) => Name)).toEqual(['move-web-server-old-', 'move-s-2']);
    expect(made.every(({ Name }) => Name !== undefined && isName(Name))).toBe(true);
    expect(made.some((params) => 'DataDisk' in params)).toBe(false);
  });
});

describe('a client token', () => {
  it('is the same for the same call, another for another, and as long as may be', () => {
    const tokens = new Tokens();
    const [one] = requests(draft({}), now);
    const [other] = requests(draft({ name: 'web' }), now);
    if (!one || !other) throw new Error('no calls');
    expect(tokens.of(one)).toBe(tokens.of({ ...one }));
    expect(tokens.of(one)).not.toBe(tokens.of(other));
    expect(tokens.of(one)).toMatch(/^console-[0-9a-f]{40}$/);
    expect(new Tokens().of(one)).not.toBe(tokens.of(one));
  });
});

describe('copy options', () => {
  it('are read as they were written', () => {
    for (const checksum of checks) {
      const options = { bandwidth: 2, compression: 3, checksum, freeze: 500 };
      expect(optionsIn(written(options))).toEqual(options);
    }
    expect(optionsIn(undefined)).toEqual(plainCopy);
    expect(optionsIn('{"bandwidth_limit":0,"compress_level":"x"}')).toEqual(plainCopy);
    expect(written(plainCopy)).toBe('{}');
  });
});
