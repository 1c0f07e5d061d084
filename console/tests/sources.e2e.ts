// Sources and the overview in a real browser, with a real center and a real agent.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { endAll, newPage, signIn, startAgent, startBrowser, startCenter, type Center } from './harness.ts';

// A text that would run if it were ever taken for HTML. Names a person chooses may not hold it; descriptions and tags may.
const hostile = '<img src=x onerror=alert(1)>';

let center: Center;
let browser: Browser;
let page: Page;
let faults: string[];
let alerts: string[];

beforeAll(async () => {
  center = await startCenter();
  browser = await startBrowser();
  ({ page, faults } = await newPage(browser, center));
  alerts = [];
  page.on('dialog', (dialog) => {
    alerts.push(dialog.message());
    void dialog.dismiss();
  });
  await signIn(page);
});

afterEach(() => {
  expect(faults.splice(0)).toEqual([]);
  expect(alerts).toEqual([]);
});

afterAll(endAll);

it('leads from nothing to the first code', async () => {
  await page.goto('/console/');
  await page.getByRole('link', { name: 'Create the first code' }).click();
  await page.getByRole('dialog').getByLabel('Name (optional)').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('No codes yet').waitFor();
});

it('shows hostile text as text', async () => {
  const made = await center.call('CreateAccessToken', { Count: '2', Description: hostile });
  await startAgent(center, { id: String(made.AccessTokenId), code: String(made.AccessTokenCode) }, 'web-01');
  const { SourceServers } = await center.call('DescribeSourceServers');
  const [source] = (SourceServers as { SourceServer: { SourceId: string }[] }).SourceServer;
  await center.call('ModifySourceServerAttribute', { SourceId: source?.SourceId ?? '', Description: hostile });
  await page.goto(`/console/tokens/${String(made.AccessTokenId)}`);
  await page.getByText(hostile).waitFor();
  await page.getByRole('link', { name: 'web-01' }).click();
  await page.getByRole('heading', { name: 'web-01' }).waitFor();
  await page.getByText(hostile).waitFor();
  await page
    .getByRole('img', { name: /, to scale$/ })
    .first()
    .waitFor();
  await page
    .getByRole('link', { name: String(made.AccessTokenId) })
    .first()
    .waitFor();
  // How it came is on record under the code; its own trail has it too.
  const trail = page.locator('section').filter({ has: page.getByRole('heading', { name: 'What happened' }) });
  const entry = trail.getByRole('listitem').filter({ hasText: 'Server imported' });
  await entry.getByRole('link', { name: String(made.AccessTokenId) }).waitFor();
  expect(await entry.count()).toBe(1);
  expect(await page.locator('img[src="x"]').count()).toBe(0);
});

it('tells when it was heard of last, and by which agent', async () => {
  const fact = (term: string) => page.locator('dl > div').filter({ hasText: term }).locator('dd').first();
  expect(await fact('Heartbeat').innerText()).toMatch(/^(now|\d+ seconds? ago) · expected every 30 s$/);
  expect(await fact('Agent version').innerText()).toMatch(/^\d+\.\d+\.\d+/);
  expect(await fact('Connects from').innerText()).toContain('127.0.0.1');
});

it('sets and removes tags, and finds a source by one', async () => {
  await page.getByLabel('Key', { exact: true }).fill('acs:team');
  await page.getByText('begins with neither').waitFor();
  await page.getByLabel('Key', { exact: true }).fill('<b>team</b>');
  await page.getByLabel('Value', { exact: true }).fill('<i>billing</i>');
  await page.getByRole('button', { name: 'Add tag' }).click();
  await page.getByRole('button', { name: 'Remove the tag <b>team</b>' }).waitFor();
  await page.goto(`/console/sources?tag=${encodeURIComponent('<b>team</b>=<i>billing</i>')}`);
  await page.getByRole('link', { name: 'web-01' }).waitFor();
  await page.goto('/console/sources?tag=other');
  await page.getByText('Nothing matches').waitFor();
});

it('filters by state and by id', async () => {
  await page.goto('/console/sources?state=Unavailable');
  await page.getByText('Nothing matches').waitFor();
  await page.getByRole('button', { name: 'Clear filters' }).last().click();
  const id = await page.getByRole('row').nth(1).getByRole('link').getAttribute('href');
  await page.goto(`/console/sources?id=${id?.split('/').at(-1) ?? ''}`);
  await page.getByRole('link', { name: 'web-01' }).waitFor();
});

it('counts it on the overview', async () => {
  await page.goto('/console/');
  await page.getByRole('link', { name: /^1\s*Available/ }).click();
  await page.getByRole('link', { name: 'web-01' }).click();
  await page.getByRole('heading', { name: 'web-01' }).waitFor();
});

it('renames a source, and deletes it once its name is typed', async () => {
  await page.getByRole('button', { name: 'Rename…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('New name').fill('web 01');
  expect(await dialog.getByRole('button', { name: 'Rename' }).isDisabled()).toBe(true);
  await dialog.getByLabel('New name').fill('web-02');
  await dialog.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('heading', { name: 'web-02' }).waitFor();

  await page.getByRole('button', { name: 'Delete…' }).click();
  const remove = dialog.getByRole('button', { name: 'Delete source' });
  expect(await remove.isDisabled()).toBe(true);
  await dialog.getByLabel('Type web-02 to confirm').fill('web-02');
  await remove.click();
  await page.getByText('No sources yet').waitFor();
  expect((await center.call('DescribeSourceServers')).TotalCount).toBe(0);
});
