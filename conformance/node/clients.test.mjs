// What every official Node client's user does: codes, sources, tags, and each way of being refused.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { User, fault, later, setting } from './center.mjs';
import { CLIENTS, Refused } from './clients.mjs';

const REFUSALS = JSON.parse(readFileSync(new URL('../refusals.json', import.meta.url), 'utf8'));

// The refusal of a call.
async function refused(call) {
  try {
    await call;
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
  return assert.fail('it was not refused');
}

for (const [name, client] of Object.entries(CLIENTS)) {
  describe(name, () => {
    const user = new User(client);

    test('a code is created, listed, disabled and deleted', async () => {
      const made = await user.call('CreateAccessToken', {
        Name: 'rack-7', Description: "a b+c*d~e/f?g=h&i%j '()! 中", Count: '12', TimeToLiveInDays: '3',
      });
      assert.match(made.AccessTokenId, /^at-[a-z0-9]{20}$/);
      assert.match(made.AccessTokenCode, /^[A-Za-z0-9]{32}$/);
      const shown = async (filters) => user.codes({ AccessTokenId: [made.AccessTokenId], ...filters });
      const [{ CreationTime, ...code }] = await shown({ Status: 'activated' });
      assert.match(CreationTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.deepEqual(code, {
        AccessTokenId: made.AccessTokenId, Name: 'rack-7', Description: "a b+c*d~e/f?g=h&i%j '()! 中", Count: '12',
        RegisteredCount: '0', TimeToLiveInDays: '3', Status: 'activated',
      });
      await user.call('DisableAccessToken', { AccessTokenId: made.AccessTokenId });
      assert.equal((await shown({ Status: 'unactivated' })).length, 1);
      assert.equal((await shown({ Status: 'activated' })).length, 0);
      await user.call('DeleteAccessToken', { AccessTokenId: made.AccessTokenId });
      assert.deepEqual(await shown(), []);
    });

    test('a list with many ids is understood', async () => {
      const made = [];
      for (let i = 0; i < 11; i += 1) made.push((await user.call('CreateAccessToken', { Name: 'many' })).AccessTokenId);
      const listed = await user.call('ListAccessTokens', { AccessTokenId: made });
      assert.equal(listed.TotalCount, 11);
      assert.deepEqual(listed.AccessTokens.AccessToken.map((code) => code.AccessTokenId).sort(), made.sort());
    });

    test('a code expires when its days are over', async () => {
      const made = await user.call('CreateAccessToken', { TimeToLiveInDays: '2' });
      const [code] = await later(2, () => user.codes({ AccessTokenId: [made.AccessTokenId], Status: 'expired' }));
      assert.equal(code.Status, 'expired');
    });

    test('a source is read, tagged, renamed and deleted', async () => {
      const source = user.machine();
      const [read] = await user.sources({ SourceId: [source] });
      assert.equal(read.State, 'Available');
      assert.equal(read.SystemDiskParts.SystemDiskPart[0].Path, '/');
      assert.equal(JSON.parse(read.SystemInfo).hostname, 'played-host');

      const tagged = { ResourceType: 'sourceserver', ResourceId: [source] };
      await user.call('TagResources', { ...tagged, Tag: [{ Key: 'team', Value: 'red' }, { Key: '阶段', Value: 'a b' }] });
      const { TagResources: { TagResource: rows } } = await user.call('ListTagResources', tagged);
      assert.deepEqual(rows.map((row) => [row.TagKey, row.TagValue]).sort(), [['team', 'red'], ['阶段', 'a b']]);
      assert.equal((await user.sources({ Tag: [{ Key: '阶段', Value: 'a b' }] }))[0].SourceId, source);
      await user.call('UntagResources', { ...tagged, TagKey: ['team'] });
      assert.deepEqual((await user.sources({ SourceId: [source] }))[0].Tags.Tag, [{ Key: '阶段', Value: 'a b' }]);
      await user.call('UntagResources', { ...tagged, All: true });
      assert.deepEqual((await user.call('ListTagResources', tagged)).TagResources.TagResource, []);

      await user.call('ModifySourceServerAttribute', { SourceId: source, Name: `renamed-${user.tenant}`, Description: 'rack 7' });
      const [renamed] = await user.sources({ Name: `renamed-${user.tenant}` });
      assert.deepEqual([renamed.SourceId, renamed.Description], [source, 'rack 7']);
      await user.call('DeleteSourceServer', { SourceId: source, Force: true });
      assert.deepEqual(await user.sources({ SourceId: [source] }), []);
    });

    for (const template of REFUSALS) {
      test(`refused: ${template.promise}`, async () => {
        const { token, source, job } = setting.tenants.other;
        const text = JSON.stringify(template)
          .replaceAll('{other token}', token).replaceAll('{other source}', source).replaceAll('{other job}', job);
        const expected = JSON.parse(text);
        const before = await user.codes();
        const refusal = await refused(user.call(expected.action, expected.params, expected.as));
        assert.deepEqual([refusal.status, refusal.code], [expected.status, expected.code]);
        assert(refusal.message.includes(expected.says), refusal.message);
        if (expected.denied) {
          assert(refusal.denied.EncodedDiagnosticMessage);
          assert.deepEqual({ ...refusal.denied, ...expected.denied }, refusal.denied);
        }
        assert.deepEqual(await user.codes(), before);
      });
    }

    test('being throttled says when to come again', async () => {
      await fault({ operation: 'ListAccessTokens', status: 400, code: 'Throttling.User', retry_after_ms: 1500 });
      const refusal = await refused(user.codes());
      assert.deepEqual([refusal.status, refusal.code], [400, 'Throttling.User']);
      if (name.startsWith('pop-core') || name === 'openapi-core') assert.equal(refusal.retryAfter, 1500);
      await user.codes();
    });

    test('a failing center is a failure of the server', async () => {
      await fault({ operation: 'ListAccessTokens', status: 503, code: 'ServiceUnavailable' });
      assert.equal((await refused(user.codes())).status, 503);
      await user.codes();
    });
  });
}
