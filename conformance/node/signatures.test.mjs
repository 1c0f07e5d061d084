// Time and nonces through the clients' own switches.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { User, setting } from './center.mjs';
import { CLIENTS, Refused } from './clients.mjs';

const time = (minutes) => `${new Date(Date.now() + minutes * 60_000).toISOString().slice(0, 19)}Z`;

// Calls with what a request says of itself replaced, in the way that each client offers.
function call(name, { date, nonce }) {
  const client = CLIENTS[name];
  const user = new User(client);
  if (name.startsWith('pop-core')) {
    const own = { ...(date && { Timestamp: date }), ...(nonce && { SignatureNonce: nonce }) };
    return client.call(setting.endpoint, user.key('owner'), 'ListAccessTokens', own);
  }
  const own = { ...(date && { 'x-acs-date': date }), ...(nonce && { 'x-acs-signature-nonce': nonce }) };
  return client.call(setting.endpoint, user.key('owner'), 'ListAccessTokens', {}, own);
}

const is = (code) => (error) => {
  assert(error instanceof Refused, error);
  assert.deepEqual([error.status, error.code], [400, code]);
  return true;
};

for (const name of ['pop-core GET', 'pop-core POST', 'openapi-client', 'openapi-client GET']) {
  test(`${name}: a clock more than fifteen minutes off is refused`, async () => {
    for (const minutes of [-16, 16, -24 * 60, 24 * 60]) {
      await assert.rejects(call(name, { date: time(minutes) }), is('InvalidTimeStamp.Expired'));
    }
    for (const minutes of [-14, 14]) await call(name, { date: time(minutes) });
  });

  test(`${name}: a nonce is good for one request`, async () => {
    await call(name, { nonce: `said-once-by-${name}` });
    await assert.rejects(call(name, { nonce: `said-once-by-${name}` }), is('SignatureNonceUsed'));
  });
}
