// The pictures of the README, of a real center with real things in it: `npm run pictures`. Small enough to be kept in the repository.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { furnish } from './furnish.ts';
import type { Browser } from 'playwright-core';
import { endAll, newPage, signIn, startBrowser, startCenter, visit } from './harness.ts';
import { paletted, type Pixels } from './palette.ts';

const folder = new URL('../../docs/src/pictures/', import.meta.url).pathname;

/** What a picture may take up. */
const MOST_BYTES = 120 * 1024;

async function main(): Promise<void> {
  const stops: (() => Promise<void>)[] = [];
  try {
    const [center, browser] = [await startCenter(), await startBrowser()];
    await furnish(center, stops);
    const { page } = await newPage(browser, center);
    await signIn(page);
    const take = async (name: string): Promise<void> => {
      const path = join(folder, `console-${name}.png`);
      const picture = paletted(await pixelsOf(browser, await page.screenshot({ animations: 'disabled' })));
      writeFileSync(path, picture);
      console.log(`${path}: ${(picture.length / 1024).toFixed(0)} KiB`);
      if (picture.length > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES} bytes`);
    };

    await visit(page, '/', 'main :text("Left in this pass")');
    await take('overview');

    await page.setViewportSize({ width: 1440, height: 1180 });
    await visit(page, '/explorer/CreateAccessToken', 'h2:has-text("CreateAccessToken")');
    await page.getByRole('textbox', { name: 'Count' }).fill('200');
    await page.getByLabel('Name', { exact: true }).fill('datacenter-wave-2');
    const program = page.getByRole('region', { name: 'Python', exact: true });
    await program.getByText('datacenter-wave-2').waitFor();
    await program.evaluate((box) => box.scrollIntoView({ block: 'end' }));
    await take('explorer');
  } finally {
    for (const stop of stops) await stop();
    await endAll();
  }
}

/** Has the browser read a picture. */
async function pixelsOf(browser: Browser, png: Buffer): Promise<Pixels> {
  const page = await browser.newPage();
  const [width, height, text] = await page.evaluate(async (base64) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    if (!context) throw new Error('the browser gives no canvas');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const parts: string[] = [];
    for (let at = 0; at < data.length; at += 8192) parts.push(String.fromCharCode(...data.subarray(at, at + 8192)));
    return [image.width, image.height, btoa(parts.join(''))] as const;
  }, png.toString('base64'));
  await page.close();
  return { width, height, rgba: Buffer.from(text, 'base64') };
}

await main();
