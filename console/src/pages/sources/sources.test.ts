import { describe, expect, it } from 'vitest';
import { filtersIn, findable, pageIn, parametersOf, searchOf } from './find';
import { readInventory, type Disk } from './inventory';
import { segments, usedBytes } from './layout';

const gib = 1024 ** 3;

function machine(disks: object[], volumes: object[] = []): string {
  return JSON.stringify({ hostname: 'web-1', os: { name: 'Debian GNU/Linux 12' }, cpu: { count: 4 }, disks, volumes });
}

function oneDisk(fields: object): Disk {
  const disk = readInventory(machine([fields]))?.disks[0];
  if (!disk) throw new Error('no disk was read');
  return disk;
}

describe('an inventory', () => {
  it('is read as the agent writes it', () => {
    const read = readInventory(
      machine([
        {
          path: '/dev/vda',
          kind: 'block',
          size_bytes: 10 * gib,
          system: true,
          table: 'gpt',
          partitions: [
            {
              number: 1,
              path: '/dev/vda1',
              start_bytes: 1048576,
              size_bytes: gib,
              role: 'System',
              content: { filesystem: 'vfat', mounts: ['/boot/efi'], used_bytes: 5 },
            },
          ],
        },
      ]),
    );
    expect(read).toMatchObject({ hostname: 'web-1', os: 'Debian GNU/Linux 12', cores: 4 });
    expect(read?.disks[0]).toMatchObject({ path: '/dev/vda', system: true, table: 'gpt', image: false });
    expect(read?.disks[0]?.partitions[0]).toMatchObject({
      role: 'System',
      content: { filesystem: 'vfat', usedBytes: 5 },
    });
  });

  it.each(['', 'null', '[]', '"x"', '{'])('is not made of %j', (text) => {
    expect(readInventory(text)).toBeUndefined();
  });

  it('leaves out what it cannot be', () => {
    const disks = [null, 7, { path: 5, size_bytes: -1, partitions: 'no', content: { used_bytes: 'much' } }];
    const read = readInventory(JSON.stringify({ disks, addresses: ['10.0.0.1', 7], volumes: {} }));
    expect(read?.disks).toHaveLength(1);
    expect(read?.disks[0]).toMatchObject({ path: '', sizeBytes: 0, partitions: [], content: { usedBytes: undefined } });
    expect(read?.addresses).toEqual(['10.0.0.1']);
    expect(readInventory(JSON.stringify({ disks: Array.from({ length: 500 }, () => ({})) }))?.disks).toHaveLength(128);
  });
});

describe('a drawn disk', () => {
  const part = (start: number, size: number, content: object = {}): object => ({
    start_bytes: start * gib,
    size_bytes: size * gib,
    content,
  });
  const drawn = (partitions: object[], size = 10): [string, number][] =>
    segments(oneDisk({ path: 'd', size_bytes: size * gib, partitions })).map(({ kind, share }) => [kind, share]);

  it.each<[string, object[], [string, number][]]>([
    [
      'a hole before, between and after',
      [part(1, 2), part(5, 4)],
      [
        ['gap', 0.1],
        ['partition', 0.2],
        ['gap', 0.2],
        ['partition', 0.4],
        ['gap', 0.1],
      ],
    ],
    [
      'the order of the disk, not of the table',
      [part(5, 5), part(0, 5)],
      [
        ['partition', 0.5],
        ['partition', 0.5],
      ],
    ],
    ['no hole for alignment', [part(0.001, 9.999)], [['partition', 0.9999]]],
    [
      'nothing beyond its end',
      [part(8, 7), part(20, 1)],
      [
        ['gap', 0.8],
        ['partition', 0.2],
      ],
    ],
    [
      'nothing twice',
      [part(0, 6), part(4, 6)],
      [
        ['partition', 0.6],
        ['partition', 0.4],
      ],
    ],
    ['a disk without partitions', [], [['gap', 1]]],
  ])('shows %s', (_, partitions, expected) => {
    const shown = drawn(partitions);
    expect(shown.map(([kind]) => kind)).toEqual(expected.map(([kind]) => kind));
    shown.forEach(([, share], at) => expect(share).toBeCloseTo(expected[at]?.[1] ?? -1, 6));
  });

  it('shows how much is used, and what for', () => {
    const root = part(0, 4, { filesystem: 'ext4', mounts: ['/'], used_bytes: gib });
    const [first, second, third] = segments(
      oneDisk({
        path: 'd',
        size_bytes: 10 * gib,
        partitions: [root, part(4, 4, { filesystem: 'LVM2_member' }), part(8, 2, { filesystem: 'swap' })],
      }),
    );
    expect(first).toMatchObject({ tone: 'root', used: 0.25 });
    expect(second).toMatchObject({ tone: 'stack', used: undefined });
    expect(third).toMatchObject({ tone: 'swap' });
  });

  it('has a size or is not drawn', () => {
    expect(segments(oneDisk({ path: 'd', partitions: [part(0, 1)] }))).toEqual([]);
  });

  it('counts what is used on partitions and volumes, if anything is known', () => {
    const read = readInventory(
      machine([{ partitions: [part(0, 1, { used_bytes: 3 })] }], [{ content: { used_bytes: 4 } }]),
    );
    expect(read && usedBytes(read)).toBe(7);
    expect(usedBytes({ disks: [], volumes: [] })).toBeUndefined();
  });
});

describe('filters', () => {
  it.each([
    ['', { state: undefined, finder: 'name', text: '' }, {}],
    ['state=Unavailable', { state: 'Unavailable', finder: 'name', text: '' }, { State: 'Unavailable' }],
    ['state=Nonsense', { state: undefined, finder: 'name', text: '' }, {}],
    ['id=s-1&state=InUse', { state: 'InUse', finder: 'id', text: 's-1' }, { State: 'InUse', SourceId: ['s-1'] }],
    [
      'tag=team%3Dbilling',
      { state: undefined, finder: 'tag', text: 'team=billing' },
      { Tag: [{ Key: 'team', Value: 'billing' }] },
    ],
    ['tag=team', { state: undefined, finder: 'tag', text: 'team' }, { Tag: [{ Key: 'team' }] }],
    ['name=%3Cb%3E', { state: undefined, finder: 'name', text: '<b>' }, { Name: '<b>' }],
    ['id=web', { state: undefined, finder: 'id', text: 'web' }, {}],
  ])('of the address %j', (search, filters, parameters) => {
    const read = filtersIn(new URLSearchParams(search));
    expect(read).toEqual(filters);
    expect(parametersOf(read)).toEqual(parameters);
    expect(filtersIn(new URLSearchParams(searchOf(read)))).toMatchObject({ state: read.state, text: read.text });
  });

  it.each([
    ['', 1],
    ['page=7', 7],
    ['page=0', 1],
    ['page=-2', 1],
    ['page=1e3', 1],
    ['page=10000000', 1],
  ])('of the address %j lead to page %i', (search, page) => {
    expect(pageIn(new URLSearchParams(search))).toBe(page);
  });

  it.each([
    ['id', 's-1', true],
    ['id', 'web', false],
    ['tag', '=x', false],
    ['tag', 'a=b=c', true],
    ['name', 'a'.repeat(129), false],
    ['name', '', true],
  ] as const)('by %s can look for %j: %s', (finder, text, can) => {
    expect(findable(finder, text)).toBe(can);
  });
});
