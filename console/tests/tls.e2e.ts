// The console of a center that speaks TLS: the same, and its cookie never goes over anything else.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LANGUAGES } from '../src/explorer/samples/index.ts';
import { endAll, newPage, startBrowser, startCenter, type Center } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'landfall-tls-'));
const certificate = join(folder, 'certificate.pem');
const key = join(folder, 'key.pem');
let center: Center;
let browser: Browser;

beforeAll(async () => {
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...curve, ...names, '-keyout', key, '-out', certificate]);
  [center, browser] = await Promise.all([
    startCenter(['--api-tls-cert', certificate, '--api-tls-key', key]),
    startBrowser(),
  ]);
});
afterAll(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

it('signs in by its link, calls, and keeps the cookie to itself', async () => {
  expect(center.origin).toMatch(/^https:/);
  expect(center.link).toMatch(/^https:/);
  const { page, context, faults } = await newPage(browser, center);
  await page.goto(center.link);
  await page.getByRole('heading', { level: 1 }).waitFor();
  const [cookie, ...others] = await context.cookies();
  expect(others).toEqual([]);
  expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Strict', path: '/console' });

  await page.goto('/console/explorer/ListAccessTokens');
  await page.getByRole('button', { name: 'Call', exact: true }).first().click();
  const reply = page.getByRole('region', { name: 'Reply', exact: true }).first();
  await reply.getByText('200 OK').waitFor();
  // Samples go to where the page came from.
  const sample = await page.getByRole('region', { name: LANGUAGES[0]!.title }).innerText();
  expect(sample).toContain(new URL(center.origin).host);
  expect(sample).toMatch(/protocol=.https/);

  await page.reload();
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/console/explorer/ListAccessTokens');
  expect(faults).toEqual([]);
});
