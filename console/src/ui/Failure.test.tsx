// @vitest-environment happy-dom
import { MantineProvider } from '@mantine/core';
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { MemoryRouter } from 'react-router';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { ApiFailure, failureOf } from '@/api/failure';
import model from '@/explorer/model.json';
import { errorEntry } from '@/explorer/model.ts';
import { TextsProvider } from '@/i18n/context';
import { texts as en } from '@/i18n/en';
import type { Texts } from '@/i18n/en';
import { texts as zh } from '@/i18n/zh';
import { Failure } from './Failure';
import { entryOf } from './remedies';

beforeAll(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
});

let root: Root;
let place: HTMLElement;
beforeEach(() => {
  place = document.createElement('div');
  document.body.append(place);
  root = createRoot(place);
});
afterEach(() => {
  act(() => root.unmount());
  place.remove();
});

function show(failure: unknown, texts: Texts = en): void {
  const initial = { language: texts === zh ? ('zh' as const) : ('en' as const), texts };
  act(() =>
    root.render(
      <MantineProvider>
        <TextsProvider initial={initial}>
          <MemoryRouter>
            <Failure failure={failure} />
          </MemoryRouter>
        </TextsProvider>
      </MantineProvider>,
    ),
  );
}

/** Where the code leads once the model is there. */
async function link(): Promise<string | null | undefined> {
  await act(async () => {
    await import('@/explorer/model.json');
    await new Promise((resolve) => setImmediate(resolve));
  });
  return place.querySelector('a')?.getAttribute('href');
}

const refused = (code: string, status = 400): ApiFailure =>
  new ApiFailure({ code, message: 'No.', status, requestId: 'R-1' });

it.each(['EntityAlreadyExists.User', 'OperationConflict.SigningKey', 'QuotaExceeded.AccessToken'])(
  '%s is said with what to do, and leads to its entry',
  async (code) => {
    show(refused(code));
    expect(place.textContent).toContain(code);
    expect(await link()).toBe(`/explorer/errors#${code}`);
    const remedy = model.errors.find((entry) => entry.code === code)?.remedy;
    expect(place.textContent).toContain(`What to do: ${String(remedy)}`);
    expect(place.textContent).toContain('R-1');
  },
);

it('a code of a family has the remedy of the family', async () => {
  show(refused('InvalidParameter.Name'));
  expect(await link()).toBe('/explorer/errors#InvalidParameter.Name');
  const family = errorEntry(
    model.errors.filter(({ from }) => from === 'operation'),
    'InvalidParameter.Name',
  );
  expect(family?.code).toBe('InvalidParameter.{Parameter}');
  expect(place.textContent).toContain(family?.remedy);
});

it('what the console itself refuses has a remedy in the language of the page, and no entry', async () => {
  show(refused('CallTimeout', 504), zh);
  expect(await link()).toBeUndefined();
  expect(place.textContent).toContain(zh.failure.remedies.CallTimeout);
});

it('a missing permission is the remedy, and the code still leads on', async () => {
  const body = { Code: 'Forbidden.Unauthorized', Message: 'x', AccessDeniedDetail: { AuthAction: 'smc:ListJobs' } };
  show(failureOf(403, JSON.stringify(body)));
  expect(await link()).toBe('/explorer/errors#Forbidden.Unauthorized');
  expect(place.textContent).toContain('smc:ListJobs');
  expect(place.textContent).not.toContain('What to do');
});

it.each([
  ['nobody answered', ApiFailure.unreachable(), 'The center does not answer'],
  ['the answer cannot be read', ApiFailure.unreadable(200), 'cannot read'],
  ['the page itself failed', new Error('secret'), 'cannot read'],
])('where %s no code is explained', async (_, failure, said) => {
  show(failure);
  expect(await link()).toBeUndefined();
  expect(place.textContent).toContain(said);
  expect(place.textContent).not.toContain('secret');
});

it('every code that a call can be refused with has a remedy', () => {
  const codes = model.errors.filter(({ from }) => from === 'operation' || from === 'gateway').map(({ code }) => code);
  expect(codes.length).toBeGreaterThan(70);
  expect(codes.filter((code) => (entryOf(model.errors, code)?.remedy ?? '') === '')).toEqual([]);
});
