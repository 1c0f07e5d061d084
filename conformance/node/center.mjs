// The running center: who may call it, its emulator's controls, and machines to import.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const named = process.env.LANDFALL_CONFORMANCE_SETTING;
assert(named, 'no center to test against; start the suites with conformance/run');
export const setting = JSON.parse(readFileSync(named, 'utf8'));

// Uses a control of the emulator.
async function control(name, body) {
  const response = await fetch(`http://${setting.endpoint}/_landfall/${name}`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(response.status, 200, await response.text());
}

// Makes the next calls fail.
export const fault = (asked) => control('faults', asked);

// Does something with the center's clock moved forward.
export async function later(days, then) {
  await control('clock', { advance: `${days}d` });
  try {
    return await then();
  } finally {
    await control('clock', { advance: `-${days}d` });
  }
}

// A client and the account it works in.
export class User {
  constructor(client) {
    this.client = client;
    this.tenant = client.tenant;
  }

  key(role) {
    const { keys } = setting.tenants[this.tenant];
    if (role === 'wrong secret') return { id: keys.owner.id, secret: [...keys.owner.secret].reverse().join('') };
    if (role === 'unknown key') return { id: `LTAI${'0'.repeat(20)}`, secret: keys.owner.secret };
    return keys[role];
  }

  call(action, params, role = 'owner') {
    return this.client.call(setting.endpoint, this.key(role), action, params);
  }

  async codes(filters) {
    return (await this.call('ListAccessTokens', filters)).AccessTokens.AccessToken;
  }

  async sources(filters) {
    return (await this.call('DescribeSourceServers', filters)).SourceServers.SourceServer;
  }

  // Imports another machine; returns its source id.
  machine() {
    const home = new URL('..', import.meta.url).pathname;
    return execFileSync(setting.python, ['-m', 'harness.machines', this.tenant], { cwd: home, encoding: 'utf8' }).trim();
  }
}
