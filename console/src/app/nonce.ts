/** The nonce that the center put into this page, with which style tags may be added to it. */
export function nonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
}

/** Tells it to the library that locks scrolling under dialogs, which asks for it by this name. */
export function spreadNonce(): void {
  Object.assign(globalThis, { __webpack_nonce__: nonce() });
}
