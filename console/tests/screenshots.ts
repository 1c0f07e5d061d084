// Pictures of every page, in both sizes and both schemes, of a real center with real things in it: `npm run screenshots [word…]`.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { newPage, signIn, startAgent, startBrowser, startCenter, type Center, type Look } from './harness.ts';

const folder = new URL('../.screenshots/', import.meta.url).pathname;

/** Pages by the name of their picture. */
const pages: readonly [name: string, path: string][] = [
  ['overview', '/console/'],
  ['tokens', '/console/tokens'],
  ['sources', '/console/sources'],
  ['jobs', '/console/jobs'],
  ['images', '/console/images'],
  ['explorer', '/console/explorer/CreateAccessToken'],
  ['identities', '/console/identities'],
  ['identities-user', '/console/identities/users/migrator'],
  ['identities-keys', '/console/identities/keys'],
  ['identities-policies', '/console/identities/policies'],
  ['identities-policy', '/console/identities/policies/codes-only'],
  ['identities-tester', '/console/identities/tester'],
  ['audit', '/console/audit'],
  ['not-found', '/console/nowhere'],
];

const looks: readonly Required<Look>[] = (['light', 'dark'] as const).flatMap((scheme) =>
  [1440, 390].map((width) => ({ scheme, width, language: 'en' as const })),
);

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const wanted = pages.filter(([name]) => words.length === 0 || words.some((word) => name.includes(word)));
  mkdirSync(folder, { recursive: true });
  if (words.length === 0) rmSync(folder, { recursive: true, force: true });
  const center = await startCenter();
  const browser = await startBrowser();
  const stops = [() => browser.close(), () => center.stop()];
  try {
    const agent = await furnish(center);
    stops.unshift(() => agent.stop());
    for (const look of [...looks, { scheme: 'light' as const, width: 1440, language: 'zh' as const }]) {
      const { page, faults } = await newPage(browser, center, look);
      const suffix = `${look.width}-${look.scheme}${look.language === 'zh' ? '-zh' : ''}`;
      const take = (name: string): Promise<Buffer> =>
        page.screenshot({ path: join(folder, `${name}-${suffix}.png`), fullPage: true });
      if (words.length === 0 || words.includes('sign-in')) {
        await page.goto('/console/sign-in');
        await page.locator('form').waitFor();
        await take('sign-in');
      }
      await signIn(page);
      for (const [name, path] of wanted) {
        await page.goto(path);
        await page.locator('h1').waitFor();
        await page.locator('[role="status"][aria-label]').first().waitFor({ state: 'detached' });
        await take(name);
      }
      for (const fault of new Set(faults)) console.error(`${suffix}: ${fault}`);
      await page.context().close();
    }
  } finally {
    for (const stop of stops) await stop();
  }
  console.log(`pictures are in ${folder}`);
}

/** Puts into the center what a center has that is used: codes, a machine, people and what they may do. */
async function furnish(center: Center): Promise<{ stop: () => Promise<void> }> {
  const own = '2026-11-24';
  await center.call('CreateAccessToken', { Name: 'branch-office', Count: '20', TimeToLiveInDays: '2' });
  const made = await center.call('CreateAccessToken', {
    Name: 'datacenter-wave-1',
    Count: '200',
    TimeToLiveInDays: '30',
  });
  const code = { id: String(made.AccessTokenId), code: String(made.AccessTokenCode) };
  const agent = await startAgent(center, code, 'shop-db-01');
  for (const [UserName, Comments] of [
    ['migrator', 'Runs the migration of the Hamburg site'],
    ['auditor', 'Reads, changes nothing'],
  ] as const) {
    await center.call('CreateUser', { UserName, Comments }, own);
    await center.call('CreateAccessKey', { UserName }, own);
  }
  const PolicyDocument = JSON.stringify({
    Version: '1',
    Statement: [
      { Effect: 'Allow', Action: ['smc:CreateAccessToken', 'smc:ListAccessTokens'], Resource: '*' },
      { Effect: 'Deny', Action: 'smc:DeleteAccessToken', Resource: '*' },
    ],
  });
  await center.call(
    'CreatePolicy',
    { PolicyName: 'codes-only', Description: 'Hands out activation codes', PolicyDocument },
    own,
  );
  await center.call('AttachPolicyToUser', { PolicyName: 'codes-only', UserName: 'migrator' }, own);
  return agent;
}

await main();
