import { describe, expect, it } from 'vitest';
import { exampleReply } from './exampleReply.ts';
import { readHistory, remember, writeHistory, type HistoryEntry } from './history.ts';
import { testOperation } from './testModel.ts';

const store = (): Map<string, string> & Pick<Storage, 'getItem' | 'setItem'> => {
  const map = new Map<string, string>();
  return Object.assign(map, {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
  });
};
const call = { id: '1', at: 5, status: 200, millis: 3 };

describe('the history', () => {
  it('comes back to the identity that made it, and to no other', () => {
    const storage = store();
    const entries = remember([], testOperation('CreateAccessToken'), { Name: 'a', Count: '' }, call);
    writeHistory(storage, 'alice', entries);
    expect(readHistory(storage, 'alice')).toEqual([{ ...call, action: 'CreateAccessToken', values: { Name: 'a' } }]);
    expect(readHistory(storage, 'bob')).toEqual([]);
  });

  it('keeps no secret and no reply', () => {
    const operation = testOperation('CreateAccessToken');
    const parameters = operation.parameters.map((own) => ({ ...own, secret: own.name === 'Description' }));
    const [entry] = remember([], { ...operation, parameters }, { Description: 'hush', Name: 'a' }, call);
    expect(JSON.stringify(entry)).not.toContain('hush');
    expect(Object.keys(entry ?? {}).sort()).toEqual(['action', 'at', 'id', 'millis', 'status', 'values']);
  });

  it('stays short', () => {
    let entries: HistoryEntry[] = [];
    for (let at = 0; at < 80; at += 1)
      entries = remember(entries, testOperation('ListAccessTokens'), {}, { ...call, at });
    expect(entries).toHaveLength(50);
    expect(entries[0]?.at).toBe(79);
  });

  it.each(['{', '{"a":1}', '[null, 3, {"action":1}]'])('is empty when %s is stored', (text) => {
    const storage = store();
    storage.set('landfall.explorer.calls:x', text);
    expect(readHistory(storage, 'x')).toEqual([]);
  });
});

it('an example of a reply has the shape of the wire', () => {
  expect(exampleReply(testOperation('ListAccessTokens').response)).toMatchObject({
    AccessTokens: { AccessToken: [{ AccessTokenId: expect.stringMatching(/^at-/) as string }] },
    RequestId: expect.any(String) as string,
  });
});
