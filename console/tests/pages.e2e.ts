// Every page for everyone: no serious finding of axe, no wider than its window, and quickly there.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPage, signIn, startAgent, startBrowser, startCenter, type Agent, type Center } from './harness.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Compressed script that the first page may load. */
const MOST_SCRIPT_BYTES = 300 * 1024;

/** Time in which something is on the screen. The aim is one second; machines that do much else are given two. */
const MOST_PAINT_MS = 2000;

let center: Center;
let browser: Browser;
let agent: Agent;
let paths: string[];

beforeAll(async () => {
  [center, browser] = await Promise.all([startCenter(), startBrowser()]);
  const made = await center.call('CreateAccessToken', { Name: 'racks', Count: '5' });
  const id = String(made.AccessTokenId);
  agent = await startAgent(center, { id, code: String(made.AccessTokenCode) }, 'web-01');
  const { SourceServers } = (await center.call('DescribeSourceServers')) as {
    SourceServers: { SourceServer: { SourceId: string }[] };
  };
  const source = SourceServers.SourceServer[0]!.SourceId;
  const job = await center.call('CreateReplicationJob', {
    SourceId: source,
    Name: 'web',
    RunOnce: 'false',
    RegionId: 'cn-hangzhou',
    Frequency: '6',
    MaxNumberOfImageToKeep: '2',
    ImageName: 'web',
  });
  await center.call('CreateUser', { UserName: 'alice' }, '2026-11-24');
  paths = [
    ...[
      '/',
      '/tokens',
      `/tokens/${id}`,
      '/sources',
      `/sources/${source}`,
      '/jobs',
      `/jobs/${String(job.JobId)}`,
      '/images',
    ],
    ...['/explorer', '/explorer/CreateAccessToken', '/identities', '/identities/users/alice', '/identities/policies'],
    ...['/identities/tester', '/audit', '/nowhere'],
  ];
});
afterAll(async () => {
  await agent.stop();
  await browser.close();
  await center.stop();
});

async function settled(page: Page, path: string): Promise<void> {
  await page.goto(`/console${path}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('[role="status"][aria-label]').first().waitFor({ state: 'detached' });
}

interface Finding {
  id: string;
  impact: string | null;
  nodes: { target: string[]; failureSummary?: string }[];
}

/** What axe finds that keeps somebody from using the page. */
async function findings(page: Page): Promise<string[]> {
  // The page's policy refuses scripts that are written into it; the debugger's door is not the page's.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: unknown[] }> } };
    return (await axe.run()).violations;
  });
  return (found as Finding[])
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

describe.each([
  ['light', 1440, 'en'],
  ['dark', 390, 'zh'],
  ['dark', 1440, 'en'],
] as const)('in %s at %i pixels, in %s', (scheme, width, language) => {
  it('pages are usable by everyone', { timeout: 240_000 }, async () => {
    const { page, context, faults } = await newPage(browser, center, { scheme, width, language });
    await page.goto('/console/sign-in');
    await page.locator('form').waitFor();
    const found: Record<string, string[]> = { '/sign-in': await findings(page) };
    await signIn(page);
    for (const path of paths) {
      await settled(page, path);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      found[path] = [...(await findings(page)), ...(wide > 0 ? [`${wide} pixels too wide`] : [])];
    }
    await context.close();
    expect(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))).toEqual({});
    expect(faults).toEqual([]);
  });
});

describe('the first page', () => {
  it('is small and soon there', async () => {
    const paints: number[] = [];
    const scripts = new Map<string, number>();
    for (let load = 0; load < 3; load++) {
      const { page, context } = await newPage(browser, center);
      const seen: Promise<void>[] = [];
      page.on('response', (response) => {
        if (!response.url().endsWith('.js')) return;
        seen.push(
          response.body().then((body) => void scripts.set(response.url(), gzipSync(body, { level: 9 }).length)),
        );
      });
      await page.goto('/console/sign-in');
      await page.locator('form').waitFor();
      await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
      paints.push(
        await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN),
      );
      await Promise.all(seen);
      await context.close();
    }
    const bytes = [...scripts.values()].reduce((sum, size) => sum + size, 0);
    const paint = Math.min(...paints);
    console.log(`first page: ${(bytes / 1024).toFixed(0)} KiB of script, gzip, first paint ${paint.toFixed(0)} ms`);
    expect(bytes).toBeGreaterThan(50 * 1024);
    expect(bytes).toBeLessThan(MOST_SCRIPT_BYTES);
    expect(paint).toBeLessThan(MOST_PAINT_MS);
  });
});
