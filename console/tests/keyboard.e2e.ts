// The console without a mouse, in another language, in the dark, and in another zone.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endAll, newPage, signIn, startBrowser, startCenter, visit, type Center } from './harness.ts';

let center: Center;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [center, browser] = await Promise.all([startCenter(), startBrowser()]);
  for (const Name of ['wave-1', 'wave-2', 'wave-3']) await center.call('CreateAccessToken', { Name });
  ({ page, faults } = await newPage(browser, center));
  await signIn(page);
});

afterAll(endAll);

/** What has the focus: its text, or what it is called. */
const focused = (): Promise<string> =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');

it('the first stop leads past everything that every page has', async () => {
  await visit(page, '/tokens', 'text=wave-1');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('content');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Create code');
});

it('a page that is gone to begins at its heading', async () => {
  await page.getByRole('link', { name: 'Sources' }).first().focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/console\/sources$/);
  // The link that was followed is called the same.
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
  expect(await focused()).toBe('Sources');
});

it('rows are gone through by arrows and ends, and opened by Enter', async () => {
  await visit(page, '/tokens', 'text=wave-1');
  const at = (): Promise<string | null> =>
    page.evaluate(() => document.activeElement?.getAttribute('aria-rowindex') ?? null);
  await page.locator('tr[data-row]').first().focus();
  for (const [key, row] of [
    ['ArrowDown', '3'],
    ['End', '4'],
    ['ArrowDown', '4'],
    ['ArrowUp', '3'],
    ['Home', '2'],
  ] as const) {
    await page.keyboard.press(key);
    expect(await at(), key).toBe(row);
  }
  const name = await page.locator('tr[data-row]').first().getByRole('link').first().innerText();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name }).waitFor();
});

it('the language is chosen in a menu, and stays', async () => {
  await page.goto('/console/tokens');
  await page.getByRole('button', { name: 'Language' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: '中文' }).click();
  await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe('zh-CN');
  await page.reload();
  await page.getByRole('heading', { level: 1, name: '激活码' }).waitFor();
  await page.getByRole('button', { name: '语言' }).click();
  await page.getByRole('menuitem', { name: 'English' }).click();
  await page.getByRole('heading', { level: 1, name: 'Activation codes' }).waitFor();
});

it('the appearance is chosen in a menu, and stays', async () => {
  const scheme = (): Promise<string | undefined> =>
    page.evaluate(() => document.documentElement.dataset.mantineColorScheme);
  expect(await scheme()).toBe('light');
  await page.getByRole('button', { name: 'Appearance' }).click();
  await page.getByRole('menuitem', { name: 'Dark' }).click();
  await expect.poll(scheme).toBe('dark');
  await page.reload();
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await scheme()).toBe('dark');
});

it('times are those of the viewer, with UTC beside them, also for the keyboard', async () => {
  const { page: far, context, faults: theirs } = await newPage(browser, center, { zone: 'Asia/Kathmandu' });
  await signIn(far);
  await visit(far, '/audit', 'main table time');
  const time = far.locator('main table time').first();
  const instant = Date.parse((await time.getAttribute('datetime')) ?? '');
  const there = { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'Asia/Kathmandu' } as const;
  expect(await time.innerText()).toBe(new Intl.DateTimeFormat('en', there).format(instant));
  const utc = `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const hint = far.getByRole('tooltip').filter({ hasText: utc });
  await time.hover();
  await hint.waitFor();
  await far.mouse.move(0, 0);
  await hint.waitFor({ state: 'detached' });
  await time.focus();
  await hint.waitFor();
  expect(theirs).toEqual([]);
  await context.close();
});

it('did all that without a fault in the page', () => {
  expect(faults).toEqual([]);
});
