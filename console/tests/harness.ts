// A real center, a real agent and a real browser for tests. Each starts its own center, with its data in a directory of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const root = new URL('../../', import.meta.url).pathname;

/** A program under test: named by a variable, else what was built last. */
export function program(variable: string, name: string): string {
  const built = ['release', 'debug'].map((kind) => join(root, 'target', kind, name)).find(existsSync);
  return process.env[variable] ?? built ?? name;
}

/** The key that a center with --dev knows. */
export const devKey = { AccessKeyId: 'landfall-dev', AccessKeySecret: 'landfall-dev-secret' };

export interface Center {
  /** Where the API and the console are: `http://127.0.0.1:40001`. */
  origin: string;
  /** Where agents connect to. */
  agents: string;
  fingerprint: string;
  /** The one-time link that it printed. */
  link: string;
  /** Where it keeps its data. */
  data: string;
  /** Everything that it has printed. */
  said: () => string;
  /** Calls an operation through the console's own door, as the owner. */
  call: (action: string, parameters?: Record<string, string>, version?: string) => Promise<Record<string, unknown>>;
  stop: () => Promise<void>;
}

/** A console that was built from what is in the tree now. One that is older is not served: a test would judge what is gone. */
function built(): string | undefined {
  const [folder, sources] = [join(root, 'console/dist'), join(root, 'console/src')];
  if (!existsSync(join(folder, 'index.html'))) return undefined;
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' });
  const newest = Math.max(...files.map((file) => statSync(join(sources, file)).mtimeMs));
  if (statSync(join(folder, 'index.html')).mtimeMs >= newest) return folder;
  console.warn(
    'console/dist is older than console/src: the console in the program is tested; `npm run build` makes it anew',
  );
  return undefined;
}

/** What was started here and runs still: its files are removed once it has ended. */
const running = new Set<() => Promise<void>>();

/** Ends whatever a file of tests has started, also what a failed beginning left behind. */
export async function endAll(): Promise<void> {
  await Promise.allSettled([...running].map((stop) => stop()));
}

/** Gives what ends a program and removes its folder; `endAll` does it too. */
export function stopper(child: ChildProcess, directory: string): () => Promise<void> {
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(directory, { recursive: true, force: true });
    running.delete(stop);
  };
  running.add(stop);
  return stop;
}

/** Starts a center on free ports. It serves the console from LANDFALL_CONSOLE_DIR or a fresh `console/dist`, else the one in it. */
export async function startCenter(options: string[] = []): Promise<Center> {
  const directory = mkdtempSync(join(tmpdir(), 'landfall-console-'));
  const data = join(directory, 'data');
  const dist = built();
  const child = spawn(
    program('LANDFALL_BIN', 'landfall'),
    [
      ...['serve', '--dev', '--data-dir', data, '--key-rate', '0', '--address-rate', '0'],
      ...['--api-listen', '127.0.0.1:0', '--agent-listen', '127.0.0.1:0', ...options],
    ],
    { env: { ...(dist === undefined ? {} : { LANDFALL_CONSOLE_DIR: dist }), ...process.env } },
  );
  const stop = stopper(child, directory);
  const said = listen(child);
  const found = async (pattern: RegExp): Promise<string> => until(child, () => pattern.exec(said())?.[1], said);
  const origin = await found(/^API\s+(\S+)/m);
  const agents = await found(/^Agents\s+([^\s,]+)/m);
  const fingerprint = await found(/^CA\s+(\S+)/m);
  const link = await found(/^console: (\S+)/m);
  let caller: Promise<Caller> | undefined;
  return {
    origin,
    agents,
    fingerprint,
    link,
    data,
    said,
    call: async (action, parameters = {}, version = '2019-06-01') =>
      (await (caller ??= signedIn(origin)))(action, parameters, version),
    stop,
  };
}

type Caller = (action: string, parameters: Record<string, string>, version: string) => Promise<Record<string, unknown>>;

async function signedIn(origin: string): Promise<Caller> {
  const json = { 'Content-Type': 'application/json' };
  const reply = await fetch(`${origin}/console/session`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify(devKey),
  });
  if (!reply.ok) throw new Error(`signing in: ${reply.status} ${await reply.text()}`);
  const cookie = (reply.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const { Csrf } = (await reply.json()) as { Csrf: string };
  return async (Action, Parameters, Version) => {
    const body = JSON.stringify({ Version, Action, Parameters });
    const headers = { ...json, Cookie: cookie, 'X-Landfall-Csrf': Csrf };
    const answer = await fetch(`${origin}/console/call`, { method: 'POST', headers, body });
    const { Status, Body } = (await answer.json()) as { Status: number; Body: string };
    if (Status !== 200) throw new Error(`${Action}: ${Status} ${Body}`);
    return JSON.parse(Body) as Record<string, unknown>;
  };
}

export interface Agent {
  stop: () => Promise<void>;
}

/**
 * Imports this machine, with one image file for a disk of so many MiB, and keeps it online until stopped. What imports it is a
 * command that was shown, if there is one, with no more added than a machine for tests needs.
 */
export async function startAgent(
  center: Center,
  code: { id: string; code: string },
  name: string,
  { mib = 8, command }: { mib?: number; command?: string } = {},
): Promise<Agent> {
  const directory = mkdtempSync(join(tmpdir(), 'landfall-agent-'));
  const disk = join(directory, 'disk.raw');
  writeFileSync(disk, Buffer.alloc(mib << 20, 7));
  const state = join(directory, 'state');
  mkdirSync(state);
  const binary = program('LANDFALL_AGENT_BIN', 'landfall-agent');
  const told = ['--server', center.agents, '--ca-fingerprint', center.fingerprint, '--token-id', code.id];
  const rest = ['--name', name, '--images-only', '--disk', disk, '--state-dir', state];
  const env = { ...process.env, LANDFALL_TOKEN_CODE: code.code };
  const path = `${dirname(binary)}:${process.env.PATH ?? ''}`;
  const importing =
    command === undefined
      ? spawn(binary, ['import', ...told, ...rest], { env })
      : spawn('sh', ['-c', `${command} "$@"`, 'sh', ...rest], { env: { ...process.env, PATH: path } });
  const said = listen(importing);
  const status = await new Promise((resolve) => importing.once('close', resolve));
  if (status !== 0) throw new Error(`importing: ${said()}`);
  const agent = spawn(binary, ['run', '--state-dir', state]);
  listen(agent);
  return { stop: stopper(agent, directory) };
}

/** Starts the browser. It asks nobody on the network for anything. */
export async function startBrowser(): Promise<Browser> {
  const path = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? path ?? 'chromium',
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync'],
    ],
    timeout: patience,
  });
  running.add(() => browser.close());
  return browser;
}

/** Milliseconds that a page is waited for. Nothing takes that long; a machine that does much else is slow. */
const patience = 60_000;

export interface Look {
  width?: number;
  scheme?: 'light' | 'dark';
  language?: 'en' | 'zh';
  zone?: string;
}

/** A page whose errors, refused contents and foreign requests are kept in `faults`: a test expects none. */
export async function newPage(
  browser: Browser,
  center: Center,
  look: Look = {},
): Promise<{ page: Page; context: BrowserContext; faults: string[] }> {
  const { width = 1440, scheme = 'light', language = 'en', zone = 'UTC' } = look;
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 844 : 900 },
    colorScheme: scheme,
    locale: language === 'zh' ? 'zh-CN' : 'en-GB',
    timezoneId: zone,
    reducedMotion: 'reduce',
    baseURL: center.origin,
    // The certificate of a test is its own maker's.
    ignoreHTTPSErrors: center.origin.startsWith('https:'),
  });
  context.setDefaultTimeout(patience);
  context.setDefaultNavigationTimeout(patience);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A reply that refuses is also written to the browser's console; that is the test's to judge.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(center.origin) && !/^(data|blob):/.test(request.url())) {
      faults.push(`foreign request: ${request.url()}`);
    }
  });
  return { page, context, faults };
}

/** Signs a page in with a key pair, as a person would. */
export async function signIn(page: Page, key = devKey): Promise<void> {
  await page.goto('/console/sign-in');
  await page.locator('input[name="id"]').fill(key.AccessKeyId);
  await page.locator('input[name="secret"]').fill(key.AccessKeySecret);
  await page.locator('button[type="submit"]').click();
  await page.locator('h1').waitFor();
  await page.waitForURL((url) => !url.pathname.endsWith('/sign-in'));
}

/** Goes to a place of the console and waits for what it shows once it has been answered, and for all else to be there. */
export async function visit(page: Page, path: string, shown: string): Promise<void> {
  await page.goto(`/console${path}`);
  await page.locator(shown).first().waitFor();
  await page.locator('main [role="status"][aria-label]').first().waitFor({ state: 'detached' });
}

function listen(child: ChildProcess): () => string {
  let said = '';
  const add = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-1_000_000);
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  child.once('error', (error) => (said += `\n${error.message}`));
  return () => said;
}

function until<T>(child: ChildProcess, found: () => T | undefined, said: () => string): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const value = found();
      if (value !== undefined) resolve(value);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the program ended: ${said()}`)));
    look();
  });
}

/** Ends a program; one that does not end when it is asked to is not asked again. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  const enough = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exit;
  clearTimeout(enough);
}
