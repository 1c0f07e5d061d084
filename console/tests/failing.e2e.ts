// What a page says when the center does not do what it was asked for, or when somebody else was quicker.
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endAll, newPage, signIn, startAgent, startBrowser, startCenter, type Center } from './harness.ts';

let center: Center;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [center, browser] = await Promise.all([startCenter(), startBrowser()]);
  const made = await center.call('CreateAccessToken', { Name: 'wave-1', Count: '2' });
  await startAgent(center, { id: String(made.AccessTokenId), code: String(made.AccessTokenCode) }, 'web-01');
  ({ page, faults } = await newPage(browser, center));
  await signIn(page);
});

afterAll(endAll);

interface Asked {
  Action: string;
  Parameters: Record<string, string>;
  Background?: boolean;
}

const asked = (route: Route): Asked => route.request().postDataJSON() as Asked;

/** Puts a refusal in the center's mouth for some calls; gives what takes it out again. */
async function refuse(which: (call: Asked) => boolean): Promise<() => Promise<void>> {
  const refusal = {
    Code: 'Forbidden.RAM',
    Message: 'Not allowed.',
    RequestId: '0B7D2A4E-0000-4000-8000-000000000000',
    AccessDeniedDetail: { AuthAction: 'smc:Asked', NoPermissionType: 'ImplicitDeny' },
  };
  const json = {
    Status: 403,
    Reason: 'Forbidden',
    Headers: [],
    Body: JSON.stringify(refusal),
    Millis: 1,
    Request: null,
  };
  const answer = (route: Route): Promise<void> => (which(asked(route)) ? route.fulfill({ json }) : route.continue());
  await page.route('**/console/call', answer);
  return () => page.unroute('**/console/call', answer);
}

it('a list that cannot be asked for again says so, and keeps what it shows', async () => {
  await page.goto('/console/tokens');
  await page.getByRole('link', { name: 'wave-1' }).waitFor();
  const allow = await refuse(({ Action }) => Action === 'ListAccessTokens');
  const notice = page.getByRole('alert').filter({ hasText: 'What is shown may be out of date' });
  await notice.getByText('Your identity needs the RAM action smc:Asked.').waitFor();
  await page.getByRole('link', { name: 'wave-1' }).waitFor();
  await allow();
  await notice.getByRole('button', { name: 'Try again' }).click();
  await notice.waitFor({ state: 'detached' });
});

it('a click within the dialog of a row is none on the row', async () => {
  await page.goto('/console/tokens');
  for (const [item, text] of [
    ['Disable…', /stays and stays connected/],
    ['Delete…', /stays and stays connected/],
  ] as const) {
    await page.getByRole('button', { name: 'More: wave-1' }).click();
    await page.getByRole('menuitem', { name: item }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(text).click();
    expect(new URL(page.url()).pathname).toBe('/console/tokens');
    // Beside the dialog: that closes it, and does nothing else.
    await page.mouse.click(5, 450);
    await dialog.waitFor({ state: 'detached' });
    expect(new URL(page.url()).pathname).toBe('/console/tokens');
  }
  await page
    .getByRole('row', { name: /wave-1/ })
    .getByText('1 of 2')
    .click();
  await page.waitForURL(/\/tokens\/at-/);
});

it('the page of a code that somebody else deletes says that it is gone', async () => {
  const made = await center.call('CreateAccessToken', { Name: 'short-lived' });
  await page.goto(`/console/tokens/${String(made.AccessTokenId)}`);
  await page.getByRole('heading', { name: 'short-lived' }).waitFor();
  await center.call('DeleteAccessToken', { AccessTokenId: String(made.AccessTokenId) });
  await page.getByText('There is no such code').waitFor();
  expect(await page.getByRole('button', { name: 'Disable…' }).count()).toBe(0);
});

it('the wizard says why it cannot show what would be copied', async () => {
  await page.goto('/console/jobs/new');
  await page
    .getByRole('row', { name: /web-01/ })
    .getByRole('checkbox')
    .check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Name of the job').fill('move-web');
  const allow = await refuse((call) => call.Action === 'DescribeSourceServers' && 'SourceId.1' in call.Parameters);
  await page.getByRole('button', { name: 'Continue' }).click();
  const said = page.getByRole('alert').filter({ hasText: 'smc:Asked' });
  await said.waitFor();
  await allow();
  await said.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('radio', { name: 'All disks' }).waitFor();
});

it('a filter that cannot offer sources says so', async () => {
  const allow = await refuse(({ Action }) => Action === 'DescribeSourceServers');
  await page.goto('/console/jobs');
  await page.getByText('Not allowed. Your identity needs the RAM action smc:Asked.').first().waitFor();
  await allow();
});

it('a page that follows the news keeps no session open by it', async () => {
  const ticket = page.waitForRequest(
    (request) =>
      request.url().endsWith('/console/call') && (request.postDataJSON() as Asked).Action === 'FollowReplicationJobs',
  );
  await page.goto('/console/jobs');
  expect(((await ticket).postDataJSON() as Asked).Background).toBe(true);
});

it('a sign-out that the center did not do is not called one', async () => {
  const fail = (route: Route): Promise<void> =>
    route.request().method() === 'DELETE' ? route.abort('connectionreset') : route.continue();
  await page.goto('/console/tokens');
  await page.route('**/console/session', fail);
  const leave = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
  };
  const session = (): Promise<number> => page.evaluate(async () => (await fetch('/console/session')).status);
  await leave();
  await page.getByText('You are still signed in').waitFor();
  expect(new URL(page.url()).pathname).toBe('/console/tokens');
  expect(await session()).toBe(200);
  await page.unroute('**/console/session', fail);
  await leave();
  await page.waitForURL(/\/console\/sign-in/);
  expect(await session()).toBe(401);
});

it('did all that without a fault in the page', () => {
  expect(faults).toEqual([]);
});
