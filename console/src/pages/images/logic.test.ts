import { describe, expect, it } from 'vitest';
import { commands, diskNumbers, failedChecks, fileOf, keepingOf, quoted } from './logic';

describe('how an image is kept', () => {
  it.each([
    ['shares its blocks with the copy', 'shared', undefined],
    ['a layer of 1468006 bytes over what m-1 has; the filesystem cannot share blocks', 'overlay', 1468006],
    ['27262976 bytes were copied: the filesystem cannot share blocks; XFS and btrfs can', 'copied', 27262976],
    ['', 'unknown', undefined],
  ])('is read from %j', (storage, keeping, bytes) => {
    expect(keepingOf(storage)).toEqual({ keeping, bytes });
  });
});

describe('the numbers of disks', () => {
  const data = (...indexes: number[]) => ({ DataDisk: indexes.map((Index) => ({ Index })) });
  it.each([
    [{ SystemDiskSize: 20, DataDisks: data(2) }, 2, [0, 2]],
    [{ DataDisks: data(1) }, 1, [1]],
    [{ SystemDiskSize: 20, DataDisks: data() }, 2, [undefined, undefined]],
    [undefined, 1, [undefined]],
  ])('of %j with %d roots are %j', (job, roots, expected) => {
    expect(diskNumbers(job, roots)).toEqual(expected);
  });
});

describe('commands', () => {
  const image = { ImageId: 'm-1', ImageName: 'web_CYCLE_2' };
  it('name the disk only where there are several', () => {
    expect(commands(image, 0, false).exportQcow2).toBe(
      'landfall image export m-1 --format qcow2 --to web_CYCLE_2.qcow2',
    );
    expect(commands(image, 2, true).exportRaw).toBe(
      'landfall image export m-1 --format raw --disk 2 --to web_CYCLE_2-2.raw',
    );
    expect(commands(image, 2, true).against).toBe('landfall image verify m-1 --against web_CYCLE_2-2.qcow2 --disk 2');
  });

  it('cannot be broken out of by a name', () => {
    expect(fileOf(`../../x'; rm -rf ~ #`, undefined, false, 'raw')).toBe('x-rm--rf-.raw');
    expect(quoted(`a'b c`)).toBe(`'a'\\''b c'`);
    expect(commands({ ...image, ImageName: '生产' }, undefined, false).exportRaw).toContain(`--to '生产.raw'`);
  });
});

describe('checks of an image', () => {
  const check = (Kind: string, Result: string, Time: string) => ({ Kind, Result, Time });
  const boot = check('TestBoot', 'Failed', '2026-11-24T10:00:00Z');
  const good = check('TestBoot', 'Passed', '2026-11-24T11:00:00Z');
  const torn = check('Verification', 'Failed', '2026-11-24T09:00:00Z');
  it.each([
    ['none', [], []],
    ['one that failed', [boot], [boot]],
    ['one that failed and was repeated', [boot, good], []],
    ['whatever their order', [good, boot], []],
    ['of several kinds', [good, torn, boot], [torn]],
  ])('fail if the latest of a kind does: %s', (_, checks, failed) => {
    expect(failedChecks({ Checks: { Check: checks } })).toEqual(failed);
  });
});
