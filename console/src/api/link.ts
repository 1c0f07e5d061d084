// The one-time link: its token comes in the fragment, which never leaves the browser, and is taken out of the address at once.

let waiting: string | null = null;

/** The token in a fragment like `#token=…`, and nothing else. */
export function tokenIn(fragment: string): string | null {
  const token = /^#token=([\w-]{16,512})$/.exec(fragment)?.[1];
  return token ?? null;
}

/** Takes the token out of the page's address, before anything is drawn or sent. */
export function takeLink(page: Pick<Window, 'location' | 'history'>): void {
  if (!page.location.hash.startsWith('#token=')) return;
  waiting = tokenIn(page.location.hash) ?? '';
  page.history.replaceState(null, '', page.location.pathname + page.location.search);
}

/** The token that came with the address, once; an empty text for one that cannot be a token. */
export function linkToken(): string | null {
  const token = waiting;
  waiting = null;
  return token;
}
