// Activation codes in a real browser, with a real center and a real agent.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { endAll, newPage, signIn, startAgent, startBrowser, startCenter, type Center } from './harness.ts';

let center: Center;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  center = await startCenter();
  browser = await startBrowser();
  ({ page, faults } = await newPage(browser, center));
  await signIn(page);
});

afterEach(() => expect(faults.splice(0)).toEqual([]));

afterAll(endAll);

/** Fills in the dialog and gives the code that is shown. */
async function create(name: string, count = 5): Promise<{ id: string; code: string }> {
  await page.goto('/console/tokens');
  await page.getByRole('button', { name: 'Create code' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name (optional)').fill(name);
  await dialog.getByLabel('Servers').fill(String(count));
  await dialog.getByRole('button', { name: 'Create code' }).click();
  const code = await dialog.getByLabel('Activation code', { exact: true }).innerText();
  const id = /at-[a-z0-9]{20}/.exec(await dialog.innerText())?.[0] ?? '';
  return { id, code };
}

it('says which rule a new code breaks, and makes none', async () => {
  await page.goto('/console/tokens?new=1');
  const dialog = page.getByRole('dialog');
  const submit = dialog.getByRole('button', { name: 'Create code' });
  await dialog.getByLabel('Name (optional)').fill('7 rack');
  expect(await dialog.getByLabel('not fulfilled').count()).toBe(2);
  expect(await submit.isDisabled()).toBe(true);
  await dialog.getByLabel('Name (optional)').fill('rack-7');
  expect(await dialog.getByLabel('not fulfilled').count()).toBe(0);
  await dialog.getByLabel('Days').fill('91');
  await dialog.getByText('A whole number from 1 to 90').waitFor();
  expect(await submit.isDisabled()).toBe(true);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect((await center.call('ListAccessTokens')).TotalCount).toBe(0);
});

it('shows a code once, keeps it nowhere, and turns green when a server comes', async () => {
  const fresh = await create('wave-1');
  expect(fresh.code).toMatch(/^[A-Za-z0-9]{32}$/);
  const command = await page.getByRole('group', { name: 'On a server that has the agent, as root' }).innerText();
  expect(command).toContain(`LANDFALL_TOKEN_CODE=${fresh.code} landfall-agent import --server https://`);
  expect(command).toContain(`--ca-fingerprint ${center.fingerprint} --token-id ${fresh.id}`);

  // The very text that is shown, as a person pastes it.
  await startAgent(center, fresh, 'web-01', { command });
  const waiting = page.getByRole('region', { name: 'Imported servers' });
  await waiting.getByRole('link', { name: 'web-01' }).waitFor();
  expect(await waiting.getAttribute('data-arrived')).not.toBeNull();

  const kept = await page.evaluate(async () => {
    const caches = 'caches' in window ? await window.caches.keys() : [];
    return JSON.stringify([
      location.href,
      document.title,
      history.state,
      Object.entries(localStorage),
      Object.entries(sessionStorage),
      caches,
    ]);
  });
  expect(kept).not.toContain(fresh.code);

  page.once('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await page.getByRole('link', { name: 'wave-1' }).waitFor();
  expect(await page.content()).not.toContain(fresh.code);
  await page.goto(`/console/tokens/${fresh.id}`);
  await page.getByRole('heading', { name: 'wave-1' }).waitFor();
  await page.getByText('Server imported').waitFor();
  expect(await page.content()).not.toContain(fresh.code);
});

it('asks before a code is lost that was not copied', async () => {
  const fresh = await create('wave-2');
  await page.keyboard.press('Escape');
  await page.getByText('Nothing was copied yet').waitFor();
  await page.getByRole('button', { name: 'Go back to the code' }).click();
  expect(await page.getByLabel('Activation code', { exact: true }).innerText()).toBe(fresh.code);
  await page.getByRole('button', { name: 'Copy the code' }).click();
  await page.context().grantPermissions(['clipboard-read']);
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(fresh.code);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain(fresh.code);
});

it('disables a code and says who stays', async () => {
  const [first] = (
    (await center.call('ListAccessTokens', { Name: 'wave-1' })).AccessTokens as {
      AccessToken: { AccessTokenId: string }[];
    }
  ).AccessToken;
  await page.goto(`/console/tokens/${first?.AccessTokenId ?? ''}`);
  await page.getByRole('button', { name: 'Disable…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 server imported with it stays and stays connected.').waitFor();
  await dialog.getByRole('button', { name: 'Show which' }).click();
  const link = dialog.getByRole('link', { name: 'web-01' });
  const sources = [(await link.getAttribute('href'))?.split('/').at(-1)];
  await dialog.getByRole('button', { name: 'Disable code' }).click();
  await page.getByText('Disabled', { exact: true }).waitFor();
  await page.getByText('Code disabled').waitFor();
  const left = (await center.call('DescribeSourceServers')).SourceServers as { SourceServer: { SourceId: string }[] };
  expect(left.SourceServer.map(({ SourceId }) => SourceId)).toEqual(sources);
});

it('tells who made a code, what became of it, and until when it holds', async () => {
  await page.goto('/console/tokens');
  const row = page.getByRole('row', { name: /wave-1/ });
  await row.getByText('4 of 5 uses left').waitFor();
  await row.getByText('in 30 days').waitFor();
  await row.getByText('root', { exact: true }).waitFor();
  await row.getByText(/^(now|\d+ (second|minute)s? ago)$/).waitFor();
  await row.getByRole('link', { name: 'wave-1' }).click();
  await page.getByRole('heading', { level: 1, name: 'wave-1' }).waitFor();
  const fact = (term: string) => page.locator('dl > div').filter({ hasText: term }).locator('dd');
  expect(await fact('Created by').innerText()).toMatch(/^acs:ram::\d+:root$/);
  expect(await fact('Expires').innerText()).toMatch(/^in 30 days · \w{3} \d+, \d{4}/);
  expect(await fact('Valid for').innerText()).toBe('30 days');
  expect(await fact('Last used').locator('time').getAttribute('datetime')).toMatch(/^\d{4}-.*Z$/);
  const trail = page.locator('section').filter({ has: page.getByRole('heading', { name: 'What happened' }) });
  await expect
    .poll(async () =>
      (await trail.getByRole('listitem').allInnerTexts()).map((text) => /Code \w+|Server \w+/.exec(text)?.[0]),
    )
    .toEqual(['Code disabled', 'Server imported', 'Code created']);
});

it('deletes a code from the list', async () => {
  await page.goto('/console/tokens');
  await page.getByRole('button', { name: 'More: wave-2' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete code' }).click();
  await page.getByRole('link', { name: 'wave-2' }).waitFor({ state: 'detached' });
  expect((await center.call('ListAccessTokens', { Name: 'wave-2' })).TotalCount).toBe(0);
});
