/** Where to go on after signing in: the page that was asked for, if it is one of the console. */
export function placeFrom(state: unknown): string {
  const from: unknown = typeof state === 'object' && state !== null && 'from' in state ? state.from : null;
  return typeof from === 'string' && /^\/(?![/\\])/.test(from) && !from.startsWith('/sign-in') ? from : '/';
}
