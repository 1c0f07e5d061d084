// What a person is told who was away, who tried too often, and who looks at the overview while jobs run and fail.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { devKey, endAll, newPage, signIn, startAgent, startBrowser, startCenter, type Center } from './harness.ts';

let center: Center;
let browser: Browser;
let job: string;

beforeAll(async () => {
  [center, browser] = await Promise.all([startCenter(), startBrowser()]);
  const made = await center.call('CreateAccessToken', { Count: '1' });
  const code = { id: String(made.AccessTokenId), code: String(made.AccessTokenCode) };
  await startAgent(center, code, 'web-01', { mib: 16 });
  const { SourceServers } = (await center.call('DescribeSourceServers')) as {
    SourceServers: { SourceServer: { SourceId: string }[] };
  };
  const created = await center.call('CreateReplicationJob', {
    SourceId: SourceServers.SourceServer[0]?.SourceId ?? '',
    Name: 'move-web',
    RunOnce: 'true',
    RegionId: 'cn-hangzhou',
    ReplicationParameters: '{"bandwidth_limit":64,"compress_level":0}',
  });
  job = String(created.JobId);
  await center.call('StartReplicationJob', { JobId: job });
});

afterAll(endAll);

it('the overview shows a job that runs, with its figures', async () => {
  const { page, context, faults } = await newPage(browser, center);
  await signIn(page);
  const running = page.getByRole('region', { name: 'Running jobs' });
  await running.getByRole('link', { name: 'move-web' }).waitFor();
  await running.getByText('Copying', { exact: true }).waitFor();
  await running.getByText('Left in this pass').waitFor();
  const bar = running.getByRole('progressbar');
  expect(Number(await bar.getAttribute('aria-valuenow'))).toBeLessThan(100);
  expect(await running.innerText()).toMatch(/Speed [\d.,]+ \w*B\/s/);
  expect(await running.innerText()).not.toMatch(/NaN|undefined|Infinity/);
  expect(faults).toEqual([]);
  await context.close();
});

it('a job that failed is what needs a person, with what to do', async () => {
  const { page, context, faults } = await newPage(browser, center);
  // The center's own reply, in which the job has failed: a disk that breaks cannot be had everywhere.
  await page.route('**/console/call', async (route) => {
    const asked = route.request().postDataJSON() as { Action: string; Parameters: Record<string, string> };
    if (asked.Action !== 'DescribeReplicationJobs' || asked.Parameters.Status !== 'InError') return route.continue();
    delete asked.Parameters.Status;
    const response = await route.fetch({ postData: asked });
    const answer = (await response.json()) as { Body: string };
    const body = JSON.parse(answer.Body) as { ReplicationJobs: { ReplicationJob: object[] } };
    const failed = {
      Status: 'InError',
      ErrorCode: 'Replication.DiskMissing',
      StatusInfo: JSON.stringify({ error_code: 'Replication.DiskMissing', error_msg: 'disk 0 is gone' }),
    };
    body.ReplicationJobs.ReplicationJob = body.ReplicationJobs.ReplicationJob.map((one) => ({ ...one, ...failed }));
    await route.fulfill({ response, json: { ...answer, Body: JSON.stringify(body) } });
  });
  await signIn(page);
  const needs = page.getByRole('region', { name: 'Needs a person' });
  const link = needs.getByRole('link', { name: 'move-web failed' });
  await link.waitFor();
  expect(await link.getAttribute('href')).toBe(`/console/jobs/${job}`);
  await needs.getByText('disk 0 is gone').waitFor();
  await needs.getByText(/What to do: .*disk/).waitFor();
  await needs.getByRole('link', { name: 'Replication.DiskMissing' }).click();
  await page.getByRole('heading', { level: 1, name: 'API explorer' }).waitFor();
  await page.locator('[data-here="true"]').getByText('Replication.DiskMissing').waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

it('who is away is asked, may stay, and is signed out in the end', async () => {
  const { page, context, faults } = await newPage(browser, center);
  await signIn(page);
  await page.clock.install();
  await page.goto('/console/tokens');
  await page.getByRole('heading', { level: 1 }).waitFor();
  // The page's clock also goes on by itself, so that no moment is told to the second.
  await page.clock.fastForward('26:00');
  expect(await page.getByRole('dialog').count()).toBe(0);
  await page.clock.fastForward('02:30');
  const asked = page.getByRole('dialog', { name: 'Are you still there?' });
  await asked.getByText(/You will be signed out in \d+ s/).waitFor();
  await asked.getByRole('button', { name: 'Stay signed in' }).click();
  await page.clock.runFor(1_000);
  await asked.waitFor({ state: 'detached' });
  await page.clock.fastForward('29:00');
  await asked.waitFor();
  await page.clock.fastForward('01:05');
  await page.waitForURL(/\/console\/sign-in/);
  await page.getByRole('status').getByText(/./).first().waitFor();
  const session = await page.evaluate(async () => (await fetch('/console/session')).status);
  expect(session).toBe(401);
  expect(faults).toEqual([]);
  await context.close();
});

it('who fails too often is told to wait, and a right key is not taken either until then', async () => {
  const alone = await startCenter();
  try {
    const { page, context, faults } = await newPage(browser, alone);
    await page.goto('/console/sign-in');
    const attempt = async (secret: string): Promise<string> => {
      await page.locator('input[name="id"]').fill(devKey.AccessKeyId);
      await page.locator('input[name="secret"]').fill(secret);
      const [reply] = await Promise.all([
        page.waitForResponse((one) => one.request().method() === 'POST' && one.url().endsWith('/console/session')),
        page.locator('button[type="submit"]').click(),
      ]);
      await page.getByRole('alert').waitFor();
      return `${reply.status()}`;
    };
    // All within a minute: by hand only the last ones, which are what a person sees.
    const wrong = JSON.stringify({ ...devKey, AccessKeySecret: 'wrong' });
    const asked = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: wrong };
    for (let number = 0; number < 19; number++) {
      expect((await fetch(`${alone.origin}/console/session`, asked)).status).toBe(401);
    }
    expect(await attempt('wrong')).toBe('401');
    expect(await attempt('wrong')).toBe('429');
    await page.getByText('Too many attempts from this address. Wait a minute, then try again.').waitFor();
    expect(await attempt(devKey.AccessKeySecret)).toBe('429');
    expect(new URL(page.url()).pathname).toBe('/console/sign-in');
    expect(faults).toEqual([]);
    await context.close();
  } finally {
    await alone.stop();
  }
});
