/** The API explorer in a real browser, against a real center. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Pair } from '../src/explorer/pairs.ts';
import { encodeQuery } from '../src/explorer/percent.ts';
import { LANGUAGES } from '../src/explorer/samples/index.ts';
import { signV1 } from '../src/explorer/signature/v1.ts';
import { devKey, endAll, newPage, signIn, startBrowser, startCenter, type Center } from './harness.ts';

let center: Center;
let browser: Browser;
let page: Page;
let faults: string[];
beforeAll(async () => {
  [center, browser] = await Promise.all([startCenter(), startBrowser()]);
  ({ page, faults } = await newPage(browser, center));
  await signIn(page);
});
afterAll(endAll);
beforeEach(() => {
  faults.length = 0;
});

const open = async (action: string): Promise<void> => {
  await page.goto(`/console/explorer/${action}`);
  await page.getByRole('heading', { name: action, exact: true }).waitFor();
};
const reply = (): ReturnType<Page['getByRole']> => page.getByRole('region', { name: 'Reply', exact: true }).first();
const call = (): Promise<void> => page.getByRole('button', { name: 'Call', exact: true }).first().click();

describe('a call', () => {
  it.each([
    ['ListAccessTokens', {}],
    ['DescribeSourceServers', {}],
    ['DescribeReplicationJobs', { RegionId: 'cn-hangzhou' }],
    ['DescribeWorkgroups', {}],
    ['GetAgentEndpoint', {}],
    ['ListUsers', {}],
  ])('of %s succeeds', async (action, values) => {
    await open(action);
    for (const [name, value] of Object.entries(values))
      await page.getByLabel(name, { exact: false }).first().fill(value);
    await call();
    await reply().getByText('200 OK').waitFor();
    expect(await reply().getByRole('region', { name: 'Body' }).innerText()).toContain('RequestId');
    expect(faults).toEqual([]);
  });

  it('with a choice succeeds', async () => {
    await open('ListTagResources');
    await page.getByRole('combobox', { name: /^ResourceType/ }).click();
    await page.getByRole('option', { name: 'sourceserver' }).click();
    await call();
    await reply().getByText('200 OK').waitFor();
  });

  it('shows the request as it was signed, without signature and token', async () => {
    await open('ListAccessTokens');
    await call();
    await reply().getByRole('tab', { name: 'Request as signed' }).click();
    const text = await reply().innerText();
    expect(text).toContain('x-acs-action');
    expect(text).toContain('ACS3-HMAC-SHA256');
    expect(text).not.toMatch(/Signature=[0-9a-f]{64}/);
  });

  it('that breaks a rule is refused by the form, and then by the center in the same words', async () => {
    await open('CreateAccessToken');
    await page.getByRole('textbox', { name: 'Count' }).fill('1001');
    await call();
    const said = 'Specified parameter Count is not valid: it must be a whole number from 1 to 1000, but was "1001".';
    await page.getByText(said).first().waitFor();
    await page.getByRole('button', { name: 'Send it as it is' }).click();
    await reply().getByText('400 Bad Request').waitFor();
    await reply().getByRole('alert').getByText(said).waitFor();
    await reply().getByRole('link', { name: 'About this code' }).click();
    await page.waitForURL(/explorer\/errors#/);
    await page.locator('[data-here="true"]').waitFor();
  });

  it('that makes a secret shows it, and leaves it nowhere', async () => {
    await open('CreateAccessToken');
    await page.getByLabel('Name', { exact: true }).fill('from-the-explorer');
    await call();
    await reply().getByText('200 OK').waitFor();
    const body = await reply().getByRole('region', { name: 'Body' }).innerText();
    const secret = /"AccessTokenCode": "([^"]+)"/.exec(body)?.[1] ?? '';
    expect(secret).not.toBe('');
    const stored = await page.evaluate(() =>
      JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage)]),
    );
    expect(stored).toContain('from-the-explorer');
    expect(stored).not.toContain(secret);
    expect(page.url()).not.toContain(secret);
    await page.reload();
    await page.getByRole('heading', { name: 'CreateAccessToken', exact: true }).waitFor();
    expect(await page.content()).not.toContain(secret);
    await page.getByTitle('Fill in CreateAccessToken again').first().click();
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('from-the-explorer');
  });

  it('that takes something away is asked for first', async () => {
    const made = await center.call('CreateAccessToken', { Name: 'to-go' });
    const id = String(made.AccessTokenId);
    await open('DeleteAccessToken');
    await page.getByLabel(/^AccessTokenId/).fill(id);
    await call();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`AccessTokenId = ${id}`).waitFor();
    const still = await center.call('ListAccessTokens', { 'AccessTokenId.1': id });
    expect(JSON.stringify(still)).toContain(id);
    await dialog.getByRole('button', { name: 'Call' }).click();
    await reply().getByText('200 OK').waitFor();
    const gone = await center.call('ListAccessTokens', { 'AccessTokenId.1': id });
    expect(JSON.stringify(gone)).not.toContain(id);
  });
});

it('every language shows the call', async () => {
  await open('CreateAccessToken');
  await page.getByLabel('Name', { exact: true }).fill('sampled-名');
  for (const { title } of LANGUAGES) {
    await page.getByRole('combobox', { name: 'Language', exact: true }).click();
    await page.getByRole('option', { name: title, exact: true }).click();
    const text = await page.getByRole('region', { name: title, exact: true }).innerText();
    expect(text).toMatch(/CreateAccessToken|create_access_token/);
    expect(text).toMatch(/sampled-(名|%E5%90%8D)/);
    expect(text).toContain(new URL(center.origin).host);
  }
});

it('operations are found by keyboard', async () => {
  await page.goto('/console/explorer');
  await page.getByText('Choose an operation').waitFor();
  // The key is heard once the page has begun to listen.
  await expect
    .poll(async () => {
      await page.keyboard.press('/');
      return page.evaluate(() => document.activeElement?.getAttribute('type'));
    })
    .toBe('search');
  await page.keyboard.type('disable');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'DisableAccessToken', exact: true }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/console/explorer/DisableAccessToken');
});

/** A V1 request signed with a secret; what is sent may differ from what was signed. */
async function refused(secret: string, sentName: string): Promise<{ url: string; answer: string }> {
  const pairs = (name: string): Pair[] => [
    ['AccessKeyId', devKey.AccessKeyId],
    ['Action', 'ListAccessTokens'],
    ['Name', name],
    ['SignatureMethod', 'HMAC-SHA1'],
    ['SignatureNonce', crypto.randomUUID()],
    ['SignatureVersion', '1.0'],
    ['Timestamp', new Date().toISOString().replace(/\.\d+Z$/, 'Z')],
    ['Version', '2019-06-01'],
  ];
  const signed = pairs('racks');
  const signature: Pair = ['Signature', signV1('GET', signed, secret).signature];
  const sent = signed.map(([name, value]): Pair => [name, name === 'Name' ? sentName : value]);
  const response = await fetch(`${center.origin}/?${encodeQuery([...sent, signature])}`);
  return { url: `${center.origin}/?${encodeQuery([...signed, signature])}`, answer: await response.text() };
}

describe('the signature debugger', () => {
  const examine = async (url: string, answer: string): Promise<string[]> => {
    await page.goto('/console/explorer/signature');
    await page.getByLabel('The request').fill(`curl '${url}'`);
    await page.getByLabel('AccessKey secret').fill(devKey.AccessKeySecret);
    await page.getByLabel('The reply').fill(answer);
    // The answer is worked out after the typing, and anew with each text: it is whole when it judges reply and signature.
    await page.locator('[data-code="serverSame"], [data-code="serverDiffers"]').waitFor();
    await page.locator('[data-code="signatureWrong"], [data-code="signatureRight"]').waitFor();
    return page.locator('[data-code]').evaluateAll((all) => all.map((one) => one.getAttribute('data-code') ?? ''));
  };

  it('finds a wrong secret', async () => {
    const { url, answer } = await refused('not-the-secret', 'racks');
    expect(answer).toContain('SignatureDoesNotMatch');
    expect(await examine(url, answer)).toEqual(['serverSame', 'signatureWrong', 'maybeSecret']);
  });

  it('finds a parameter that changed on the way, and shows where', async () => {
    const { url, answer } = await refused(devKey.AccessKeySecret, 'ranks');
    expect(await examine(url, answer)).toEqual(['serverDiffers', 'signatureRight']);
    await expect.poll(() => page.locator('mark').allInnerTexts()).toEqual(['c', 'n']);
  });

  it('explains its example', async () => {
    await page.goto('/console/explorer/signature');
    await page.getByRole('button', { name: 'Show an example' }).click();
    await page.locator('[data-code="spacePlus"]').waitFor();
    expect(faults).toEqual([]);
  });
});

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

it.each(['CreateReplicationJob', 'errors', 'signature'])(
  '%s has nothing seriously wrong for assistive programs',
  async (place) => {
    await page.goto(`/console/explorer/${place}`);
    await page.locator('h1').waitFor();
    await page.evaluate(axe);
    const found = await page.evaluate(async () => {
      const { axe: engine } = window as unknown as {
        axe: {
          run: (part: string) => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
        };
      };
      const { violations } = await engine.run('main');
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
    });
    expect(found).toEqual([]);
  },
);
