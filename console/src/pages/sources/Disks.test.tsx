// @vitest-environment happy-dom
import { MantineProvider } from '@mantine/core';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { TextsProvider } from '@/i18n/context';
import { texts } from '@/i18n/en';
import { Disks } from './Disks';
import { readInventory } from './inventory';
import { shortName } from './layout';

const mib = 1024 * 1024;

function drawn(disks: object[]): HTMLElement {
  const inventory = readInventory(JSON.stringify({ disks, volumes: [] }));
  if (!inventory) throw new Error('no inventory was read');
  const place = document.createElement('div');
  place.innerHTML = renderToStaticMarkup(
    <MantineProvider>
      <TextsProvider initial={{ language: 'en', texts }}>
        <Disks inventory={inventory} />
      </TextsProvider>
    </MantineProvider>,
  );
  return place;
}

const part = (number: number, startMib: number, sizeMib: number, content: object): object => ({
  number,
  path: `/dev/vda${number}`,
  start_bytes: startMib * mib,
  size_bytes: sizeMib * mib,
  content,
});

const system = {
  path: '/dev/vda',
  kind: 'block',
  size_bytes: 256 * mib,
  system: true,
  table: 'gpt',
  partitions: [
    part(1, 1, 64, { filesystem: 'ext4', mounts: ['/'], used_bytes: 16 * mib }),
    part(2, 65, 127, { filesystem: 'swap' }),
  ],
};
const data = { path: '/srv/images/data.raw', kind: 'image', size_bytes: 128 * mib, content: { filesystem: 'xfs' } };
const empty = { path: '/dev/vdc', kind: 'block', size_bytes: 64 * mib };

describe('the disks of a machine', () => {
  const place = drawn([system, data, empty]);
  const bars = [...place.querySelectorAll('[role="img"]')];

  it('stand beside each other in the measure of their sizes', () => {
    const [strip] = bars;
    const sizes = [...(strip?.children ?? [])].map((disk) => parseInt((disk as HTMLElement).style.flexGrow, 10));
    expect(sizes).toEqual([256 * mib, 128 * mib, 64 * mib]);
    expect([...(strip?.children ?? [])].map(({ textContent }) => textContent)).toEqual(['vda', 'data.raw', 'vdc']);
  });

  it('have one drawing each, with their parts in order', () => {
    const kinds = bars.slice(1).map((bar) => [...bar.children].map((one) => (one as HTMLElement).dataset.kind));
    expect(kinds).toEqual([['partition', 'partition', 'gap'], ['whole'], ['gap']]);
  });

  it('show what is in use where it is known, and the room at the end', () => {
    const used = bars[1]?.querySelector('[style*="width"]') as HTMLElement | null;
    expect(used?.style.width).toBe('25%');
    expect(place.textContent).toContain('64 MiB');
    expect(place.textContent).toContain('not partitioned');
  });

  it('are not called unmounted where they are files', () => {
    const lines = [...place.querySelectorAll('li')].map(({ textContent }) => textContent);
    expect(lines.find((line) => line.includes('xfs'))).not.toContain('not mounted');
    expect(lines.find((line) => line.includes('swap'))).toContain('not mounted');
  });
});

it('one disk alone needs no comparison, and a legend names only what is drawn', () => {
  const place = drawn([data]);
  expect(place.querySelectorAll('[role="img"]')).toHaveLength(1);
  expect(place.textContent).not.toContain('in use');
});

it.each([
  ['/dev/vda', 'vda'],
  ['/srv/a/', 'a'],
  ['', ''],
  ['/', '/'],
])('%j is called %j for short', (path, name) => {
  expect(shortName(path)).toBe(name);
});
