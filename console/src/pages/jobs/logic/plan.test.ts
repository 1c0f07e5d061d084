import { expect, it } from 'vitest';
import { plansIn } from './plan';

const gib = 2 ** 30;
const part = (path: string, size: number, filesystem: string, used?: number) => ({
  path,
  size_bytes: size * gib,
  content: { filesystem, ...(used === undefined ? {} : { used_bytes: used * gib }) },
});

it('a plan counts free space where it is known and nowhere else', () => {
  // The same machine as in the test of `landfall source show`.
  const disks = [
    {
      path: '/dev/sda',
      size_bytes: 100 * gib,
      partitions: [
        part('/dev/sda1', 1, 'vfat'),
        part('/dev/sda2', 50, 'ext4', 12),
        part('/dev/sda3', 8, 'swap'),
        part('/dev/sda4', 40, 'btrfs', 3),
      ],
    },
    { path: '/dev/sdb', size_bytes: 5 * gib, partitions: [], content: {} },
  ];
  expect(plansIn(JSON.stringify({ disks }))).toEqual([
    { path: '/dev/sda', size: 100 * gib, copied: 54 * gib, whole: [{ path: '/dev/sda4', holds: 'btrfs' }] },
    { path: '/dev/sdb', size: 5 * gib, copied: 5 * gib, whole: [{ path: '/dev/sdb', holds: '' }] },
  ]);
});

it.each(['', '{}', '{"disks":5}', '{"disks":[null,{"path":1}]}'])('no plan comes of %j', (text) => {
  expect(plansIn(text)).toEqual([]);
});
