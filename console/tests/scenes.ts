// What there are pictures of.
import type { BrowserContext, Page } from 'playwright-core';
import type { Furnished } from './furnish.ts';
import { devKey } from './harness.ts';

export interface Stage {
  page: Page;
  context: BrowserContext;
  take: (name: string, page?: Page) => Promise<void>;
}

export interface Scene {
  name: string;
  /** Where it is; it is gone to and has settled before anything is done. */
  path: string;
  /** What is done there, by English texts; without it, the page is taken as it is. */
  act?: (stage: Stage) => Promise<void>;
  /** For those who are not signed in. */
  outside?: boolean;
}

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

export function scenes({ code, source, jobs, image }: Furnished): readonly Scene[] {
  const pages: [name: string, path: string][] = [
    ['overview', '/console/'],
    ['tokens', '/console/tokens'],
    ['token', `/console/tokens/${code}`],
    ['sources', '/console/sources'],
    ['source', `/console/sources/${source}`],
    ['jobs', '/console/jobs'],
    ['job-finished', `/console/jobs/${jobs.finished}`],
    ['job-failed', `/console/jobs/${jobs.failed}`],
    ['images', '/console/images'],
    ['image', `/console/images/${image}`],
    ['explorer', '/console/explorer'],
    ['explorer-operation', '/console/explorer/CreateAccessToken'],
    ['explorer-errors', '/console/explorer/errors'],
    ['identities', '/console/identities'],
    ['identities-user', '/console/identities/users/migrator'],
    ['identities-keys', '/console/identities/keys'],
    ['identities-policies', '/console/identities/policies'],
    ['identities-policy', '/console/identities/policies/codes-only'],
    ['audit', '/console/audit'],
    ['not-found', '/console/nowhere'],
  ];
  return [
    { name: 'sign-in', path: '/console/sign-in', outside: true },
    { name: 'sign-in-failed', path: '/console/sign-in', outside: true, act: signInFails },
    { name: 'sign-in-throttled', path: '/console/sign-in', outside: true, act: throttled },
    ...pages.map(([name, path]) => ({ name, path })),
    { name: 'job-running', path: `/console/jobs/${jobs.running}`, act: running },
    { name: 'wizard', path: '/console/jobs/new', act: wizard },
    { name: 'explorer-reply', path: '/console/explorer/ListAccessTokens', act: calls },
    { name: 'explorer-refused', path: '/console/explorer/GetPolicy', act: refused },
    { name: 'debugger', path: '/console/explorer/signature', act: debugs },
    { name: 'identities-tester', path: '/console/identities/tester', act: tester },
    { name: 'identities-secret', path: '/console/identities/users/auditor', act: secret },
    { name: 'failure', path: '/console/identities', act: failure },
    { name: 'token-new', path: '/console/tokens?new=1', act: newCode },
    { name: 'idle', path: '/console/', act: idle },
  ];
}

async function signInFails({ page, take }: Stage): Promise<void> {
  await page.locator('input[name="id"]').fill(devKey.AccessKeyId);
  await page.locator('input[name="secret"]').fill('wrong');
  await page.locator('button[type="submit"]').click();
  await page.getByRole('alert').waitFor();
  await take('sign-in-failed');
}

/** The answer is put in the center's mouth: it would lock out the pictures that follow. */
async function throttled({ page, take }: Stage): Promise<void> {
  const refusal = { Code: 'Throttling', Message: 'Too many failed attempts.' };
  await page.route('**/console/session', (route) =>
    route.request().method() === 'POST' ? route.fulfill({ status: 429, json: refusal }) : route.continue(),
  );
  await page.locator('input[name="id"]').fill(devKey.AccessKeyId);
  await page.locator('input[name="secret"]').fill('wrong');
  await page.locator('button[type="submit"]').click();
  await page.getByRole('alert').waitFor();
  await take('sign-in-throttled');
  await page.unroute('**/console/session');
}

async function running({ page, take }: Stage): Promise<void> {
  await page.getByText('live', { exact: true }).waitFor();
  await page.getByText(/Between .* on average/).waitFor();
  await take('job-running');
}

async function wizard({ page, take }: Stage): Promise<void> {
  await page
    .getByRole('row', { name: /intranet-01/ })
    .getByRole('checkbox')
    .check();
  await take('wizard-1-sources');
  await press(page, 'Continue');
  await page.getByRole('radio', { name: 'Copy again and again' }).check();
  await page.getByLabel('Name of the job').fill('move-intranet');
  await page.getByLabel('Name of the image').fill('intranet');
  await take('wizard-2-plan');
  await press(page, 'Continue');
  await page.getByText('What the first run would copy').waitFor();
  await take('wizard-3-copy');
  await press(page, 'Continue');
  await page.locator('pre').waitFor();
  await take('wizard-4-review');
}

async function calls({ page, take }: Stage): Promise<void> {
  await press(page, 'Call');
  await page.getByText('200 OK').waitFor();
  await take('explorer-reply');
}

async function refused({ page, take }: Stage): Promise<void> {
  await page.getByLabel('PolicyName', { exact: false }).first().fill('nobody-wrote-this');
  await press(page, 'Call');
  await page.getByText('EntityNotExist.Policy').first().waitFor();
  await take('explorer-refused');
}

async function debugs({ page, take }: Stage): Promise<void> {
  await take('debugger');
  await page.getByRole('button', { name: /example/i }).click();
  await page.getByText('String to sign', { exact: false }).last().waitFor();
  await take('debugger-example');
}

async function tester({ page, take }: Stage): Promise<void> {
  await page.getByRole('combobox', { name: 'Who' }).click();
  await page.getByRole('option', { name: 'migrator' }).click();
  await page.getByRole('combobox', { name: 'Action' }).fill('smc:DeleteAccessToken');
  await page.keyboard.press('Escape');
  await press(page, 'Test');
  await page.getByText('Decided by codes-only', { exact: false }).waitFor();
  await take('identities-tester');
}

/** A key that is deleted again, since a user has two at most. */
async function secret({ page, take }: Stage): Promise<void> {
  await press(page, 'Create AccessKey');
  await press(page, 'Create');
  await page.getByText('This secret is shown now and never again.').waitFor();
  const id = await page.getByRole('dialog').locator('code').first().innerText();
  await take('identities-secret');
  await press(page, 'I have copied it');
  await page
    .getByRole('row', { name: new RegExp(id) })
    .getByRole('button', { name: 'Delete' })
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete AccessKey' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

async function failure({ page, take }: Stage): Promise<void> {
  await press(page, 'Create user');
  await page.getByRole('dialog').getByLabel('Name').fill('migrator');
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
  await page.getByText('What to do', { exact: false }).waitFor();
  await take('failure');
}

async function newCode({ page, take }: Stage): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name (optional)').fill('wave 2');
  await take('token-new');
  await dialog.getByLabel('Name (optional)').fill('wave-2');
  await dialog.getByRole('button', { name: 'Create code' }).click();
  await dialog.getByLabel('Activation code', { exact: true }).waitFor();
  await take('token-fresh');
  await dialog.getByRole('button', { name: 'Copy the code' }).click();
  await dialog.getByRole('button', { name: 'Copied' }).first().waitFor();
  await press(page, 'Done');
  await press(page, 'More: wave-2');
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await press(page, 'Delete code');
  await page.getByRole('link', { name: 'wave-2' }).waitFor({ state: 'detached' });
}

/** In a window whose clock is put forward. */
async function idle({ context, take }: Stage): Promise<void> {
  const window = await context.newPage();
  await window.clock.install();
  await window.goto('/console/');
  await window.getByRole('heading', { level: 1 }).waitFor();
  await window.clock.fastForward('28:31');
  await window.getByRole('alert').waitFor();
  await take('idle', window);
  await window.close();
}
