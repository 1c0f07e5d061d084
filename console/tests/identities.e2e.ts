// Users, keys and policies, by hand in a real browser: made, tried by whom they are for, tested, taken back.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endAll, newPage, signIn, startBrowser, startCenter, type Center } from './harness.ts';

const own = '2026-11-24';

let center: Center;
let browser: Browser;
/** The owner's window. */
let page: Page;
/** The window of the user that the owner makes. */
let theirs: Page;
let faults: string[][];
let key: { AccessKeyId: string; AccessKeySecret: string };

beforeAll(async () => {
  [center, browser] = await Promise.all([startCenter(), startBrowser()]);
  const [owner, user] = await Promise.all([newPage(browser, center), newPage(browser, center)]);
  [page, theirs] = [owner.page, user.page];
  faults = [owner.faults, user.faults];
  await signIn(page);
});

afterAll(endAll);

const dialog = () => page.getByRole('dialog');
const inDialog = (name: string) => dialog().getByRole('button', { name, exact: true });

/** Everything of a page that outlasts what is on the screen. */
const kept = (of: Page): Promise<string> =>
  of.evaluate(async () => {
    const caches = 'caches' in window ? await window.caches.keys() : [];
    const stored = [Object.entries(localStorage), Object.entries(sessionStorage), document.cookie];
    return JSON.stringify([location.href, document.title, history.state, stored, caches]);
  });

it('makes a user, once its name is one', async () => {
  await page.goto('/console/identities');
  await page.getByText('No users yet').waitFor();
  await page.getByRole('button', { name: 'Create user' }).click();
  await dialog().getByLabel('Name').fill('-alice');
  await dialog().getByText('not beginning with a hyphen.').last().waitFor();
  expect(await inDialog('Create').isDisabled()).toBe(true);
  await dialog().getByLabel('Name').fill('alice');
  await dialog().getByLabel('Comments').fill('<b>Runs</b> the move');
  await inDialog('Create').click();
  await page.waitForURL(/\/identities\/users\/alice$/);
  await page.getByRole('heading', { level: 1, name: 'alice' }).waitFor();
  await page.getByText('<b>Runs</b> the move').waitFor();
  await dialog().waitFor({ state: 'detached' });
  expect((await center.call('ListUsers', {}, own)).TotalCount).toBe(1);
});

it('says so of a name that is taken, and of a user that is none', async () => {
  await page.goto('/console/identities');
  await page.getByRole('button', { name: 'Create user' }).click();
  await dialog().getByLabel('Name').fill('alice');
  await inDialog('Create').click();
  await dialog().getByText('EntityAlreadyExists.User').waitFor();
  await inDialog('Cancel').click();
  await page.goto('/console/identities/users/nobody');
  await page.getByRole('heading', { level: 1, name: 'There is no such user' }).waitFor();
});

it('shows a secret once and keeps it nowhere', async () => {
  await page.goto('/console/identities/users/alice');
  await page.getByRole('button', { name: 'Create AccessKey' }).click();
  await inDialog('Create').click();
  await dialog().getByText('This secret is shown now and never again.').waitFor();
  const [id = '', secret = ''] = await dialog().locator('code').allInnerTexts();
  key = { AccessKeyId: id, AccessKeySecret: secret };
  expect(secret.length).toBeGreaterThanOrEqual(30);
  expect(await kept(page)).not.toContain(secret);
  await inDialog('I have copied it').click();
  await dialog().waitFor({ state: 'detached' });
  await page.getByRole('row', { name: new RegExp(id) }).waitFor();
  expect(await page.content()).not.toContain(secret);
  // Whoever goes back, or opens the dialog again, does not see it either.
  await page.getByRole('button', { name: 'Create AccessKey' }).click();
  await inDialog('Create').waitFor();
  await inDialog('Cancel').click();
  await page.reload();
  await page.getByRole('row', { name: new RegExp(id) }).waitFor();
  expect(await page.content()).not.toContain(secret);
  expect(await kept(page)).not.toContain(secret);
});

it('refuses who has no policy, and names the action', async () => {
  await signIn(theirs, key);
  await theirs.goto('/console/tokens');
  await theirs.getByText('Your identity needs the RAM action smc:ListAccessTokens.').waitFor();
  await theirs.goto('/console/identities');
  await theirs.getByText('Your identity needs the RAM action landfall:ListUsers.').waitFor();
});

const statements = [
  { Effect: 'Allow', Action: ['smc:List*', 'smc:Describe*'], Resource: '*' },
  { Effect: 'Deny', Action: 'smc:DeleteAccessToken', Resource: '*' },
];

it('says what is wrong with a policy, and writes none', async () => {
  const before = (await center.call('ListPolicies', {}, own)).TotalCount;
  await page.goto('/console/identities/policies');
  await page.getByRole('button', { name: 'Create policy' }).click();
  await dialog().getByLabel('Name').fill('reads');
  const text = dialog().getByLabel('Policy document');
  for (const [document, said] of [
    ['{"Version": "1", ', /This is not JSON: ./],
    ['{"Version": "2", "Statement": []}', /Version has to be "1"\./],
    ['{"Version": "1", "Statement": [{"Effect": "Permit"}]}', /Statement 1: Effect is Allow or Deny\./],
  ] as const) {
    await text.fill(document);
    await dialog().getByRole('alert').getByText(said).first().waitFor();
    expect(await inDialog('Create').isDisabled()).toBe(true);
  }
  // What only the center knows.
  await text.fill(JSON.stringify({ Version: '1', Statement: [{ ...statements[0], Principal: '*' }] }));
  await inDialog('Create').click();
  await dialog().getByText('MalformedPolicyDocument').waitFor();
  expect(await dialog().getByRole('alert').innerText()).toMatch(/Principal/);
  expect((await center.call('ListPolicies', {}, own)).TotalCount).toBe(before);
});

it('writes one, whose document is shown as it was written', async () => {
  await dialog()
    .getByLabel('Policy document')
    .fill(JSON.stringify({ Version: '1', Statement: statements }));
  await inDialog('Create').click();
  await page.waitForURL(/\/identities\/policies\/reads$/);
  const shown = await page.locator('pre').innerText();
  expect(JSON.parse(shown)).toEqual({ Version: '1', Statement: statements });
});

it('attaches it, and what was refused works', async () => {
  await page.goto('/console/identities/users/alice');
  await page.getByText('No policies attached').waitFor();
  await page.getByRole('combobox', { name: 'Policy to attach' }).click();
  await page.getByRole('option', { name: 'reads' }).click();
  await page.getByRole('button', { name: 'Attach policy' }).click();
  await page.getByRole('row', { name: /reads/ }).getByRole('button', { name: 'Detach' }).waitFor();
  await theirs.goto('/console/tokens');
  // A center keeps what it read about a key for a second.
  await expect
    .poll(
      async () => {
        const again = theirs.getByRole('button', { name: 'Try again' });
        // The page also asks by itself, and then the button may be gone before it is reached.
        if (await again.isVisible()) await again.click({ timeout: 1_000 }).catch(() => undefined);
        return theirs.getByText('No codes yet').isVisible();
      },
      { interval: 500 },
    )
    .toBe(true);
  await theirs.getByRole('button', { name: 'Create code' }).first().click();
  const asked = theirs.getByRole('dialog');
  await asked.getByLabel('Servers').fill('1');
  await asked.getByRole('button', { name: 'Create code' }).click();
  await asked.getByText('Your identity needs the RAM action smc:CreateAccessToken.').waitFor();
});

it('tells which statement decides', async () => {
  await page.goto('/console/identities/tester');
  await page.getByRole('combobox', { name: 'Who' }).click();
  await page.getByRole('option', { name: 'alice' }).click();
  const answer = page.getByRole('status').filter({ hasText: 'acs:ram::' });
  for (const [action, decision, decided] of [
    ['smc:ListAccessTokens', 'Allowed', 'Decided by reads, statement 1.'],
    ['smc:DeleteAccessToken', 'Denied by a statement', 'Decided by reads, statement 2.'],
    ['smc:CreateAccessToken', 'Not allowed by anything', null],
  ] as const) {
    await page.getByRole('combobox', { name: 'Action' }).fill(action);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await answer.getByText(decision, { exact: true }).waitFor();
    if (decided !== null) await answer.getByText(decided).waitFor();
    else expect(await answer.innerText()).not.toContain('Decided by');
    const rows = page.getByRole('table', { name: 'What each statement says' }).locator('tbody tr');
    expect(await rows.count()).toBe(2);
  }
  // A document that is tried takes the place of what is attached.
  await page.getByRole('checkbox', { name: 'Try a document' }).check();
  await page
    .getByLabel('Policy document')
    .fill(
      JSON.stringify({ Version: '1', Statement: { Effect: 'Allow', Action: 'smc:CreateAccessToken', Resource: '*' } }),
    );
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await answer.getByText('Decided by the document given, statement 1.').waitFor();
});

it('ends the sessions of a key that is disabled', async () => {
  await page.goto('/console/identities/users/alice');
  const row = page.getByRole('row', { name: new RegExp(key.AccessKeyId) });
  await row.getByRole('button', { name: 'Disable' }).click();
  await inDialog('Disable').click();
  await dialog().waitFor({ state: 'detached' });
  await row.getByText('Inactive').waitFor();
  await expect
    .poll(async () => {
      await theirs.goto('/console/tokens');
      await theirs.getByRole('heading', { level: 1 }).waitFor();
      return new URL(theirs.url()).pathname;
    })
    .toBe('/console/sign-in');
  await theirs.locator('input[name="id"]').fill(key.AccessKeyId);
  await theirs.locator('input[name="secret"]').fill(key.AccessKeySecret);
  await theirs.locator('button[type="submit"]').click();
  await theirs.getByRole('alert').waitFor();
  await row.getByRole('button', { name: 'Enable' }).click();
  await row.getByText('Active', { exact: true }).waitFor();
});

/** Does something for each, some at a time: the center writes each through to its disk. */
async function eachOf(names: readonly string[], act: (name: string) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < names.length; at += 15) await Promise.all(names.slice(at, at + 15).map(act));
}

it('offers every user and policy, also of more than a page holds', async () => {
  const robots = Array.from({ length: 105 }, (_, number) => `robot-${String(number).padStart(3, '0')}`);
  const PolicyDocument = JSON.stringify({ Version: '1', Statement: statements });
  await eachOf(robots, (name) => center.call('CreateUser', { UserName: name }, own));
  await eachOf(robots, (name) => center.call('CreatePolicy', { PolicyName: name, PolicyDocument }, own));
  await page.goto('/console/identities/users/robot-104');
  await page.getByRole('heading', { level: 1, name: 'robot-104' }).waitFor();
  const choose = async (box: string): Promise<void> => {
    await page.getByRole('combobox', { name: box }).fill('robot-104');
    await page.getByRole('option', { name: 'robot-104' }).click();
  };
  await choose('Policy to attach');
  await page.getByRole('button', { name: 'Attach policy' }).click();
  await page.getByRole('row', { name: /robot-104/ }).waitFor();
  await page.goto('/console/identities/tester');
  await choose('Who');
  await page.goto('/console/identities/keys');
  await page.getByRole('button', { name: 'Create AccessKey' }).click();
  await choose('Whose key');
  await inDialog('Create').click();
  await dialog().getByText('This secret is shown now and never again.').waitFor();
  await eachOf(robots, (name) => center.call('DeleteUser', { UserName: name }, own));
  await page.goto('/console/identities/users/alice');
});

it('deletes a user whose name is typed, with its keys and without its policy', async () => {
  await page.getByRole('button', { name: 'Delete user' }).click();
  const confirm = inDialog('Delete user');
  await dialog().getByRole('textbox').fill('alic');
  expect(await confirm.isDisabled()).toBe(true);
  await dialog().getByRole('textbox').fill('alice');
  await confirm.click();
  await page.getByText('No users yet').waitFor();
  expect((await center.call('ListUsers', {}, own)).TotalCount).toBe(0);
  const { AccessKeys } = (await center.call('ListAccessKeys', {}, own)) as {
    AccessKeys: { AccessKey: { AccessKeyId: string }[] };
  };
  expect(AccessKeys.AccessKey.map(({ AccessKeyId }) => AccessKeyId)).not.toContain(key.AccessKeyId);
  await page.goto('/console/identities/policies/reads');
  await page.getByText('none', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await dialog().getByRole('textbox').fill('reads');
  await inDialog('Delete policy').click();
  await page.waitForURL(/\/identities\/policies$/);
});

it('did all that without a fault in the page', () => {
  expect(faults.flat()).toEqual([]);
});
