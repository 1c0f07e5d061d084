// What somebody can do to a person who is signed in, or with what that person left behind: nothing.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAll, newPage, signIn, startAgent, startBrowser, startCenter, visit, type Center } from './harness.ts';
import { startImpostor } from './impostor.ts';

/** Text that would do something if it were ever taken for HTML. */
const hostile = '<img src=x onerror="window.stolen=1"><script>window.stolen=1</script>';
/** The version of the operations that are Landfall's own. */
const own = '2026-11-24';

let center: Center;
let browser: Browser;

beforeAll(async () => {
  [center, browser] = await Promise.all([startCenter(), startBrowser()]);
});
afterAll(endAll);

const stolen = (page: Page): Promise<unknown> => page.evaluate(() => (window as { stolen?: unknown }).stolen);

/** Asks from within a page, as a script of that page would. */
const ask = (page: Page, path: string, options: RequestInit): Promise<{ status: number; text: string }> =>
  page.evaluate(
    async ([path, options]) => {
      const reply = await fetch(path, options);
      return { status: reply.status, text: await reply.text() };
    },
    [path, options] as const,
  );

describe('a link', () => {
  it('signs in once, and leaves nothing in the address', async () => {
    const first = await newPage(browser, center);
    await first.page.goto(center.link);
    await first.page.getByRole('heading', { level: 1 }).waitFor();
    await first.page.waitForURL((url) => !url.pathname.endsWith('/sign-in') && url.hash === '');
    expect(
      await first.page.evaluate(() =>
        JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]),
      ),
    ).not.toContain(center.link.split('token=')[1]);
    const second = await newPage(browser, center);
    await second.page.goto(center.link);
    await second.page.getByText('This link was used already, or is older than 30 minutes.').waitFor();
    expect(first.faults).toEqual([]);
  });
});

describe('a session', () => {
  it('is in a cookie that no script and no other site gets, and dies with the sign-out', async () => {
    const { page, context } = await newPage(browser, center);
    await signIn(page);
    const cookie = (await context.cookies()).find(({ name }) => name.startsWith('landfall_session'));
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/console' });
    expect(await page.evaluate(() => document.cookie)).toBe('');

    // Taken to another browser it works until its owner signs out.
    const thief = await newPage(browser, center);
    await thief.context.addCookies([cookie!]);
    const asks = () => ask(thief.page, '/console/session', {});
    await thief.page.goto('/console/');
    expect((await asks()).status).toBe(200);
    const { Csrf } = JSON.parse((await ask(page, '/console/session', {})).text) as { Csrf: string };
    const out = await ask(page, '/console/session', { method: 'DELETE', headers: { 'X-Landfall-Csrf': Csrf } });
    expect(out.status).toBeLessThan(300);
    expect((await asks()).status).toBe(401);
    await thief.page.goto('/console/tokens');
    await thief.page.waitForURL(/\/console\/sign-in/);
  });

  it('does nothing for a page of another site, with or without its cookie', async () => {
    const { page, context } = await newPage(browser, center);
    await signIn(page);
    const before = await center.call('ListAccessTokens');
    const body = JSON.stringify({ Version: '2019-06-01', Action: 'CreateAccessToken', Parameters: { Name: 'forged' } });
    // The same machine under another name is another site to the browser.
    const foreign = await context.newPage();
    await foreign.route('**/evil', (route) => route.fulfill({ contentType: 'text/html', body: '<h1>evil</h1>' }));
    await foreign.goto(`${center.origin.replace('127.0.0.1', 'localhost')}/evil`);
    const forged = await foreign.evaluate(
      async ([target, body]) => {
        const kinds = ['text/plain', 'application/x-www-form-urlencoded', 'application/json'];
        return Promise.all(
          kinds.map(async (kind) => {
            const headers = { 'Content-Type': kind, ...(kind.endsWith('json') ? { 'X-Landfall-Csrf': 'guess' } : {}) };
            const mode = kind.endsWith('json') ? 'cors' : 'no-cors';
            const init = { method: 'POST', credentials: 'include', headers, body: body, mode } as const;
            return fetch(target, init).then(
              (reply) => reply.type,
              () => 'refused',
            );
          }),
        );
      },
      [`${center.origin}/console/call`, body] as const,
    );
    // Whatever the browser let it send, it read no answer.
    expect(forged.filter((type) => type !== 'opaque' && type !== 'refused')).toEqual([]);
    // And a call of the own page without the header, as a form that was smuggled into it would send.
    const bare = await ask(page, '/console/call', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    expect(bare.status).toBe(403);
    const after = await center.call('ListAccessTokens');
    expect(after.TotalCount).toBe(before.TotalCount);
  });

  it('shows a person what is missing where something is refused', async () => {
    await center.call('CreateUser', { UserName: 'reader' }, own);
    const key = await center.call('CreateAccessKey', { UserName: 'reader' }, own);
    const { page } = await newPage(browser, center);
    await signIn(page, { AccessKeyId: String(key.AccessKeyId), AccessKeySecret: String(key.AccessKeySecret) });
    await page.goto('/console/tokens');
    await page.getByText('smc:ListAccessTokens').first().waitFor();
    await page.goto('/console/audit');
    await page.getByText('landfall:ListAuditEvents').first().waitFor();
  });
});

describe('text that was stored', () => {
  it('is text on every page that shows it', async () => {
    const made = await center.call('CreateAccessToken', { Name: 'hostile', Description: hostile, Count: '5' });
    const tokenId = String(made.AccessTokenId);
    await startAgent(center, { id: tokenId, code: String(made.AccessTokenCode) }, 'hostile-host');
    const sources = (await center.call('DescribeSourceServers')) as {
      SourceServers: { SourceServer: { SourceId: string }[] };
    };
    const source = sources.SourceServers.SourceServer[0]!.SourceId;
    await center.call('ModifySourceServerAttribute', { SourceId: source, Description: hostile });
    const tag = {
      ResourceType: 'sourceserver',
      'ResourceId.1': source,
      'Tag.1.Key': '<b>key</b>',
      'Tag.1.Value': hostile.slice(0, 64),
    };
    await center.call('TagResources', tag);
    await center.call('CreateUser', { UserName: 'markup', Comments: hostile }, own);

    const { page, faults } = await newPage(browser, center);
    await signIn(page);
    const pages = [
      ['/', 'a[href$="state=Available"]'],
      ['/tokens', 'text=hostile'],
      [`/tokens/${tokenId}`, 'main dl >> text=<script>'],
      ['/sources', 'text=hostile-host'],
      [`/sources/${source}`, 'main >> text=<script>'],
      ['/identities', 'main table >> text=<script>'],
      ['/identities/users/markup', 'main >> text=<script>'],
      ['/audit', 'main table time'],
    ] as const;
    for (const [path, shown] of pages) {
      await visit(page, path, shown);
      expect(await stolen(page), path).toBeUndefined();
      expect(await page.locator('img[src="x"]').count(), path).toBe(0);
    }
    await page.goto(`/console/tokens/${tokenId}`);
    await page.getByText(hostile).first().waitFor();
    await page.goto(`/console/sources/${source}`);
    await page.getByText('<b>key</b>').first().waitFor();
    expect(faults).toEqual([]);
  });

  it('is text also where a machine tells it of itself', async () => {
    const made = await center.call('CreateAccessToken', { Name: 'machines', Count: '1' });
    const code = { id: String(made.AccessTokenId), code: String(made.AccessTokenCode) };
    const told = (what: string): string => `${what} ${hostile}`;
    const content = (what: string): object => ({
      filesystem: told(`filesystem of ${what}`),
      uuid: told('uuid'),
      label: told(`label of ${what}`),
      mounts: [told(`/mount of ${what}`)],
      used_bytes: 1 << 28,
    });
    const partition = { number: 1, path: told('/dev/part'), start_bytes: 1 << 20, size_bytes: 1 << 29 };
    const parts = [{ ...partition, type_name: told('type'), content: content('part') }];
    const size = { size_bytes: 1 << 30, sector_bytes: 512 };
    const system = { path: told('/dev/system'), ...size, system: true, model: told('model'), serial: told('serial') };
    const inventory = {
      hostname: told('hostname'),
      os: { platform: told('platform'), name: told('name of the system'), version: told('version') },
      kernel: told('kernel'),
      architecture: told('architecture'),
      cpu: { model: told('processor'), count: 4, usage_percent: 1 },
      memory: { total_bytes: 1 << 30, available_bytes: 1 << 29 },
      addresses: ['192.0.2.9'],
      disks: [
        { ...system, table: 'gpt', table_id: told('table'), partitions: parts },
        { path: told('/dev/data'), ...size, model: told('data model'), content: content('data') },
      ],
      volumes: [
        {
          kind: told('kind'),
          name: told('volume'),
          path: told('/dev/volume'),
          size_bytes: 1 << 29,
          members: [told('/dev/part')],
          content: content('volume'),
        },
      ],
    };
    const { sourceId, heartbeat } = await startImpostor(center, code, { name: 'told-01', inventory });
    await heartbeat({ error_code: 'DiskMissing', error_msg: told('fault') });
    const job = await center.call('CreateReplicationJob', {
      SourceId: sourceId,
      Name: 'move-told',
      Description: hostile,
      RunOnce: 'true',
      RegionId: 'cn-hangzhou',
    });

    const { page, context, faults } = await newPage(browser, center);
    await signIn(page);
    const harmless = async (where: string): Promise<void> => {
      expect(await stolen(page), where).toBeUndefined();
      expect(await page.locator('img[src="x"]').count(), where).toBe(0);
    };
    for (const [path, shown] of [
      ['/', 'main :text("fault <img src=x")'],
      ['/sources', 'main :text("hostname <img src=x")'],
      [`/sources/${sourceId}`, 'main :text("hostname <img src=x")'],
      [`/sources/${sourceId}`, 'main :text("name of the system <img src=x")'],
      [`/sources/${sourceId}`, 'main :text("/dev/data <img src=x")'],
      [`/sources/${sourceId}`, 'main :text("data model <img src=x")'],
      [`/sources/${sourceId}`, 'main :text("label of part <img src=x")'],
      [`/sources/${sourceId}`, 'main :text("/mount of volume <img src=x")'],
      [`/sources/${sourceId}`, 'main :text("fault <img src=x")'],
      [`/sources/${sourceId}`, 'main :text("What to do:")'],
      ['/jobs', 'main table a:has-text("move-told")'],
      [`/jobs/${String(job.JobId)}`, 'main :text("<script>")'],
      ['/images', 'main h1'],
    ] as const) {
      await visit(page, path, shown);
      await harmless(`${path} ${shown}`);
    }
    // What it would copy, in the wizard.
    await page.goto('/console/jobs/new');
    await page
      .getByRole('row', { name: /hostile-host/ })
      .getByRole('checkbox')
      .waitFor();
    await harmless('the wizard');
    // And in the explorer, whose replies hold all of it.
    for (const action of ['DescribeSourceServer', 'DescribeSourceServers', 'DescribeReplicationJobs']) {
      await page.goto(`/console/explorer/${action}`);
      if (action === 'DescribeSourceServer') await page.getByLabel(/^SourceId/).fill(sourceId);
      await page.getByRole('button', { name: 'Call', exact: true }).first().click();
      const reply = page.getByRole('region', { name: 'Reply', exact: true }).first();
      await reply.getByText('200 OK').waitFor();
      expect(await reply.getByRole('region', { name: 'Body' }).innerText()).toContain('<img src=x');
      await harmless(action);
    }
    expect(faults).toEqual([]);
    await context.close();
  });

  it('could not run even if it were taken for HTML', async () => {
    const { page } = await newPage(browser, center);
    await signIn(page);
    const refused = page.waitForEvent('console', (message) => message.text().includes('Content Security Policy'));
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.stolen = 1';
      document.body.append(script);
    });
    await refused;
    expect(await stolen(page)).toBeUndefined();
    const framed = await newPage(browser, center);
    await framed.page.route('**/frame', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${center.origin}/console/"></iframe>` }),
    );
    const blocked = framed.page.waitForEvent('console', (message) =>
      /frame-ancestors|X-Frame-Options/i.test(message.text()),
    );
    await framed.page.goto('/frame');
    await blocked;
    expect(framed.page.frames().map((frame) => frame.url())).not.toContain(`${center.origin}/console/sign-in`);
  });
});
