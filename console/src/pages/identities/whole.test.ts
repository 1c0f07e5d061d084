import { expect, it } from 'vitest';
import { pageSize, whole } from './whole';

const names = (from: number, count: number): string[] => Array.from({ length: count }, (_, at) => `user-${from + at}`);

it.each([
  ['nobody', 0, 1],
  ['a few', 3, 1],
  ['just a page', pageSize, 1],
  ['one more', pageSize + 1, 2],
  ['many', 10 * pageSize + 7, 11],
])('of %s there is everyone, in as few calls as it takes', async (_, total, calls) => {
  const all = names(0, total);
  const asked: number[] = [];
  const read = await whole(
    (page) => {
      asked.push(page);
      return Promise.resolve({ rows: all.slice((page - 1) * pageSize, page * pageSize), total });
    },
    (name) => name,
  );
  expect(read).toEqual(all);
  expect(asked).toHaveLength(calls);
});

it('one that moves to the next page while it is read is there once', async () => {
  const pages = [names(1, pageSize), [`user-${pageSize}`, 'user-last']];
  const read = await whole(
    (page) => Promise.resolve({ rows: pages[page - 1] ?? [], total: pageSize + 2 }),
    (name) => name,
  );
  expect(read).toEqual([...names(1, pageSize), 'user-last']);
});

it('what goes away while it is read does not make it go on for ever', async () => {
  let calls = 0;
  const read = await whole(
    () => Promise.resolve({ rows: calls++ === 0 ? names(0, pageSize) : [], total: 5 * pageSize }),
    (name) => name,
  );
  expect(read).toHaveLength(pageSize);
  expect(calls).toBe(2);
});
