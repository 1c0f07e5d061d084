import { describe, expect, it } from 'vitest';
import { bytes, duration, local, readTime, relative } from './format';

it.each([
  [0, '0 B'],
  [1_023, '1,023 B'],
  [1_024, '1 KiB'],
  [1_048_575, '1 MiB'],
  [1.5 * 1024 ** 3, '1.5 GiB'],
  [123.4 * 1024 ** 4, '123 TiB'],
  [5 * 1024 ** 6, '5,120 PiB'],
])('%d bytes are %s', (count, text) => {
  expect(bytes(count, 'en')).toBe(text);
});

it.each([
  [0, '0s', '0秒'],
  [0.84, '0.8s', '0.8秒'],
  [59.6, '1m', '1分钟'],
  [200, '3m 20s', '3分钟 20秒'],
  [3_600, '1h', '1小时'],
  [86_400 + 5, '1d', '1天'],
  [2 * 86_400 + 4 * 3_600 + 59, '2d 4h', '2天 4小时'],
])('%d seconds are %s', (seconds, en, zh) => {
  expect(duration(seconds, 'en')).toBe(en);
  expect(duration(seconds, 'zh-CN')).toBe(zh);
});

describe('relative time', () => {
  it.each([
    [0, 'now', '现在'],
    [-30, '30 seconds ago', '30秒钟前'],
    [-3_599, '59 minutes ago', '59分钟前'],
    [7_200, 'in 2 hours', '2小时后'],
    [86_400, 'in 24 hours', '24小时后'],
    [47 * 3_600, 'in 47 hours', '47小时后'],
    [-30 * 3_600, '30 hours ago', '30小时前'],
    [2 * 86_400, 'in 2 days', '2天后'],
    [30 * 86_400 - 2, 'in 30 days', '30天后'],
    [-2 * 86_400 - 86_399, '2 days ago', '2天前'],
  ])('%d seconds away is %s', (seconds, en, zh) => {
    expect(relative(seconds * 1_000, 0, 'en')).toBe(en);
    expect(relative(seconds * 1_000, 0, 'zh-CN')).toBe(zh);
  });
});

it('reads the times of the API', () => {
  expect(readTime('2026-11-24T08:00:00Z')).toBe(Date.UTC(2026, 10, 24, 8));
  for (const none of ['', 'soon', undefined, null]) expect(readTime(none)).toBeNull();
});

it('shows a time in the zone of the viewer', () => {
  expect(local(Date.UTC(2026, 10, 24, 20), 'en', 'Asia/Shanghai')).toContain('Nov 25, 2026');
});
