/** Replication jobs and images, by hand in a real browser: planned, watched, stopped, cut over, and what is left. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAll, newPage, program, signIn, startAgent, startBrowser, startCenter, type Center } from './harness.ts';

let center: Center;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [center, browser] = await Promise.all([startCenter(), startBrowser()]);
  const made = await center.call('CreateAccessToken', { Count: '1' });
  const code = { id: String(made.AccessTokenId), code: String(made.AccessTokenCode) };
  // At the job's limit of a quarter of a MiB a second, two minutes of copying: what is looked at while it runs has to fit.
  await startAgent(center, code, 'web-01', { mib: 32 });
  ({ page, faults } = await newPage(browser, center));
  await signIn(page);
});

afterAll(endAll);

const markup = '<img src=x onerror=document.title=1>';
const button = (name: string | RegExp) => page.getByRole('button', { name });
const state = (name: string) => page.locator('h1').locator('..').getByText(name, { exact: true });

/** Waits for what a run comes to, and says how long that took; if it does not come, what the center says of the job. */
async function runs(to: string, reached: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  try {
    await reached();
  } catch (cause) {
    const { ReplicationJobs } = await center.call('DescribeReplicationJobs');
    throw new Error(`the job did not come to ${to}: ${JSON.stringify(ReplicationJobs)}`, { cause });
  }
  console.log(`a job came to ${to} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

const engine = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What a checker of accessibility has to say that is serious, of the page itself or the dialog that is open. */
async function serious(): Promise<string[]> {
  await page.evaluate(engine);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run: (part: string) => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
      };
    };
    const { violations } = await axe.run(document.querySelector('[role="dialog"]') ? '[role="dialog"]' : 'main');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

describe('a job', () => {
  it('is planned in the wizard, which shows the call before it is made', async () => {
    await page.goto('/console/jobs');
    await page.getByText('No replication job yet').waitFor();
    await page.goto('/console/jobs/new');
    await button('Continue').click();
    await page.getByText('Choose at least one source.').waitFor();
    await page
      .getByRole('row', { name: /web-01/ })
      .getByRole('checkbox')
      .check();
    await button('Continue').click();
    await page.getByRole('radio', { name: 'Copy again and again' }).check();
    await page.getByLabel('Name of the job').fill('7up');
    await page.getByText('A letter first', { exact: false }).first().waitFor();
    await page.getByLabel('Name of the job').fill('move-web');
    await page.getByLabel('Description').fill(markup);
    await page.getByLabel('Name of the image').fill('web');
    expect(await serious()).toEqual([]);
    await button('Continue').click();
    await page.getByText('What the first run would copy').waitFor();
    await page.getByLabel('Bandwidth limit').fill('0.25');
    await page.getByRole('combobox', { name: 'Compression' }).click();
    await page.getByRole('option', { name: 'None' }).click();
    expect(await serious()).toEqual([]);
    await button('Continue').click();
    const shown = await page.locator('pre').innerText();
    expect(shown).toContain('Name=move-web');
    expect(shown).toContain('Frequency=6');
    expect(shown).toContain('ReplicationParameters={"bandwidth_limit":256,"compress_level":0}');
    expect(shown).toMatch(/ClientToken=console-[0-9a-f]{40}/);
    await button('Create the job').click();
    await page.waitForURL(/\/jobs\/j-/);
    const { TotalCount } = await center.call('DescribeReplicationJobs');
    expect(TotalCount).toBe(1);
  });

  it('shows how it gets on, and what it does not know as not known', async () => {
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByText(/^Pass 1:/).waitFor();
    await page.getByText('By reading everything and comparing').waitFor();
    await page.getByText('the bandwidth limit of the job').waitFor();
    await page.getByText(/Between .* on average/).waitFor();
    const text = await page.locator('main').innerText();
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    expect(text).toContain('not known yet');
    expect(text).toContain(markup);
    expect(await serious()).toEqual([]);
  });

  it('refuses what its state does not allow, and says why', async () => {
    const remove = button(/^Delete/);
    expect(await remove.getAttribute('aria-disabled')).toBe('true');
    expect(await remove.innerText()).toContain('Not while it runs.');
    await remove.focus();
    await page.keyboard.press('Enter');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('is stopped, changed and goes on to its image', async () => {
    await button('Stop').click();
    await runs('a stop', () => state('Stopped').waitFor());
    await button('Change').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Bandwidth limit').fill('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    const { ReplicationJobs } = (await center.call('DescribeReplicationJobs')) as {
      ReplicationJobs: { ReplicationJob: { ReplicationParameters: string }[] };
    };
    expect(ReplicationJobs.ReplicationJob[0]?.ReplicationParameters).toBe('{"compress_level":0}');
    await button('Go on').click();
    await runs('its image', async () => {
      await page.getByText('verified, signed').waitFor({ timeout: 120_000 });
      await state('Waiting').waitFor();
    });
    const passes = page.getByRole('table', { name: 'Passes that are over' });
    await passes.getByText('Pass 1: everything').waitFor();
    expect(await serious()).toEqual([]);
  });

  it('is cut over by who types its name', async () => {
    await button('Cut over').click();
    const dialog = page.getByRole('dialog');
    const confirm = dialog.getByRole('button', { name: 'Cut over' });
    await dialog.getByText('How long it takes is not known yet', { exact: false }).waitFor();
    await dialog.getByRole('textbox').fill('move-we');
    expect(await confirm.isDisabled()).toBe(true);
    expect(await serious()).toEqual([]);
    await dialog.getByRole('textbox').fill('move-web');
    await confirm.click();
    await runs('its cutover', () => state('Finished').waitFor({ timeout: 120_000 }));
    const table = page.getByRole('table', { name: /Runs of the job/ });
    await expect.poll(() => table.locator('tbody tr').count()).toBe(3);
  });

  it('is found in the list by its filters, which the address keeps', async () => {
    await page.goto('/console/jobs?status=Finished&name=move-web');
    await page.getByRole('link', { name: 'move-web' }).waitFor();
    await page.goto('/console/jobs?status=Running');
    await page.getByText('Nothing matches').waitFor();
    await page.goto('/console/jobs');
    await page.getByRole('link', { name: 'move-web' }).waitFor();
    expect(await serious()).toEqual([]);
  });

  it('leaves images, with the commands for them', async () => {
    await page.goto('/console/images');
    await page.getByRole('link', { name: 'web_CYCLE_2' }).click();
    await page.getByText(/landfall image verify m-\w+$/).waitFor();
    const { Images } = (await center.call('DescribeImages', {}, '2026-11-24')) as {
      Images: { Image: { Roots: { Root: string[] } }[] };
    };
    await page.getByText(Images.Image[0]?.Roots.Root[0] ?? 'no root').waitFor();
    expect(await serious()).toEqual([]);
  });

  it('shows what a verification on the center found', async () => {
    await page.getByText('It was neither verified again').waitFor();
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    const verify = ['image', 'verify', id, '--data-dir', center.data];
    await promisify(execFile)(program('LANDFALL_BIN', 'landfall'), verify);
    await page.reload();
    await page.getByText('Verification', { exact: true }).waitFor();
    await page.getByText('passed', { exact: true }).waitFor();
    expect(await serious()).toEqual([]);
  });

  it('goes when it is deleted, and its images stay', async () => {
    await page.goto('/console/jobs');
    await page.getByRole('link', { name: 'move-web' }).click();
    await button('Delete').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('move-web');
    await dialog.getByRole('button', { name: 'Delete the job' }).click();
    await page.getByText('No replication job yet').waitFor();
    await page.goto('/console/images');
    await page.getByRole('link', { name: 'web_CYCLE_2' }).waitFor();
  });

  it('did all that without a fault in the page', () => {
    expect(faults).toEqual([]);
  });
});
