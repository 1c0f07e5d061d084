// Pictures of every page, in both sizes and both schemes, of a real center with real things in it: `npm run screenshots [word…]`.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { furnish } from './furnish.ts';
import { newPage, signIn, startBrowser, startCenter, type Center, type Look } from './harness.ts';
import { scenes, type Scene, type Stage } from './scenes.ts';

const folder = new URL('../.screenshots/', import.meta.url).pathname;

type Shot = Required<Omit<Look, 'zone'>>;

const looks: readonly Shot[] = [
  ...(['light', 'dark'] as const).flatMap((scheme) =>
    [1440, 390].map((width) => ({ scheme, width, language: 'en' as const })),
  ),
  { scheme: 'light', width: 1440, language: 'zh' },
];

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  if (words.length === 0) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const center = await startCenter();
  const browser = await startBrowser();
  const stops = [() => browser.close(), () => center.stop()];
  let missed = 0;
  try {
    const stopped = interrupted();
    const things = await Promise.race([furnish(center, stops), stopped]);
    const wanted = scenes(things).filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
    for (const look of looks) missed += await Promise.race([picture(browser, center, look, wanted), stopped]);
  } finally {
    for (const stop of stops) await stop();
  }
  console.log(`pictures are in ${folder}`);
  if (missed > 0) throw new Error(`${missed} pictures could not be taken`);
}

/** Whoever stops the program has its center and machines ended too. */
function interrupted(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
  });
}

/** Takes all pictures of one look; gives the number of those that could not be taken. */
async function picture(browser: Browser, center: Center, look: Shot, wanted: readonly Scene[]): Promise<number> {
  const { page, context, faults } = await newPage(browser, center, look);
  page.setDefaultTimeout(15_000);
  const suffix = `${look.width}-${look.scheme}${look.language === 'zh' ? '-zh' : ''}`;
  const stage: Stage = {
    page,
    context,
    take: async (name, of = page) => {
      await of.evaluate(() => window.scrollTo(0, 0));
      // What a dialog covers is the window, not the page.
      const fullPage = (await of.getByRole('dialog').count()) === 0;
      await of.screenshot({ path: join(folder, `${name}-${suffix}.png`), fullPage });
    },
  };
  // What is done on a page is done by its English texts.
  const here = wanted.filter(({ act }) => look.language === 'en' || !act);
  let missed = 0;
  const show = async (scene: Scene): Promise<void> => {
    try {
      await page.goto(scene.path);
      await page.locator('h1').waitFor();
      await page.locator('[role="status"][aria-label]').first().waitFor({ state: 'detached' });
      await (scene.act ? scene.act(stage) : stage.take(scene.name));
    } catch (error) {
      missed += 1;
      console.error(`${scene.name}-${suffix}: ${String(error)}`);
    }
  };
  for (const scene of here.filter(({ outside }) => outside)) await show(scene);
  await signIn(page);
  for (const scene of here.filter(({ outside }) => !outside)) await show(scene);
  for (const fault of new Set(faults)) console.error(`${suffix}: ${fault}`);
  await context.close();
  return missed;
}

await main();
