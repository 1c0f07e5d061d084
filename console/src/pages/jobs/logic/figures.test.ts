import { describe, expect, it } from 'vitest';
import { bytesLeft, donePercent, faultIn, figuresIn, packing } from './figures';

const told = {
  phase: 'changes',
  pass: 2,
  disks: [
    { disk: 0, bytes_total: 1000, bytes_left: 1 },
    { disk: 1, bytes_total: 0, bytes_left: 0 },
  ],
  read_bytes: 10,
  sent_bytes: 8 << 20,
  packed_bytes: 2 << 20,
  bytes_per_second: 5,
  dirty_bytes_per_second: 3,
  predicted_freeze_ms: 240,
  tracking: { mode: 'rescan', reason: 'image file' },
  limited_by: 'center_disk',
};

describe('figures', () => {
  it('are read from what a job tells', () => {
    const figures = figuresIn(JSON.stringify({ ...told, freeze_ms: 12, healed_bytes: 0 }));
    expect(figures).toMatchObject({
      phase: 'changes',
      pass: 2,
      rate: 5,
      dirty: 3,
      predictedFreeze: 240,
      freeze: 12,
      healed: 0,
    });
    expect(figures?.tracking).toEqual({ mode: 'rescan', reason: 'image file' });
    expect(figures?.limitedBy).toBe('center_disk');
    expect(figures?.unproven).toBeUndefined();
    expect(figuresIn(JSON.stringify({ ...told, unproven: '8 sectors unseen' }))?.unproven).toBe('8 sectors unseen');
    expect(figures && bytesLeft(figures)).toBe(1);
    expect(figures && packing(figures)).toBe(4);
  });

  it('that are not known yet are not zero', () => {
    const starting = { phase: 'starting', pass: 0, disks: [], bytes_per_second: 0, tracking: { mode: 'ebpf' } };
    const figures = figuresIn(JSON.stringify(starting));
    expect(figures).toMatchObject({ tracking: { mode: 'ebpf' } });
    for (const name of ['pass', 'rate', 'dirty', 'predictedFreeze', 'freeze', 'limitedBy'] as const) {
      expect(figures?.[name]).toBeUndefined();
    }
    expect(figures && bytesLeft(figures)).toBeUndefined();
    expect(figures && packing(figures)).toBeUndefined();
  });

  it('of passes that are over are taken where they are whole', () => {
    const done = { pass: 1, phase: 'full', bytes: 900, sent_bytes: 700, took_ms: 1500 };
    const passes = [done, { ...done, phase: 'frozen' }, { ...done, took_ms: -1 }, { ...done, pass: 'x' }, null];
    expect(figuresIn(JSON.stringify({ ...told, passes }))?.passes).toEqual([
      { pass: 1, phase: 'full', bytes: 900, sent: 700, took: 1500 },
    ]);
    expect(figuresIn(JSON.stringify(told))?.passes).toEqual([]);
  });

  it('of an image that is made are a disk of their own', () => {
    const figures = figuresIn('{"phase":"image","bytes_total":200,"bytes_left":50}');
    expect(figures?.disks).toEqual([{ disk: 0, total: 200, left: 50 }]);
  });

  it.each(['', 'no json', '[]', '{"phase":"dancing"}', '{"error_code":"X"}', 'null'])('are none in %j', (text) => {
    expect(figuresIn(text)).toBeUndefined();
  });

  it('that make no sense are left out', () => {
    const odd = {
      ...told,
      disks: [null, { disk: 0, bytes_total: -1, bytes_left: 0 }],
      bytes_per_second: 'many',
      limited_by: '<b>',
    };
    const figures = figuresIn(JSON.stringify(odd));
    expect(figures?.disks).toEqual([]);
    expect(figures?.rate).toBeUndefined();
    expect(figures?.limitedBy).toBeUndefined();
  });
});

describe('what is done of a disk', () => {
  it.each([
    [1000, 1, 99],
    [1000, 0, 100],
    [0, 0, 100],
    [10, 20, 0],
  ])('of %d bytes with %d left is %d %%', (total, left, percent) => {
    expect(donePercent({ disk: 0, total, left })).toBe(percent);
  });
});

describe('a failure', () => {
  it('is read, or shown as the center words it', () => {
    const info = '{"error_code":"Staging.NoSpace","error_msg":"it is full"}';
    expect(faultIn({ ErrorCode: 'Staging.NoSpace', StatusInfo: info })).toEqual({
      code: 'Staging.NoSpace',
      message: 'it is full',
    });
    expect(faultIn({ ErrorCode: 'Made.Up', StatusInfo: 'whatever' })).toEqual({ code: 'Made.Up', message: 'whatever' });
    expect(faultIn({ ErrorCode: '', StatusInfo: info })).toBeUndefined();
  });
});
