/** Node with `@alicloud/pop-core`, the classic client, which signs with V1. */
import { javascript as quote } from './literals.ts';
import { lines, type Language } from './sample.ts';

export const nodePopCore: Language = {
  id: 'node-pop-core',
  title: 'Node pop-core',
  syntax: 'javascript',
  install: 'npm install @alicloud/pop-core@1.8.0',
  file: 'call_pop_core.mjs',
  write: ({ operation, pairs, endpoint }) => `import Core from '@alicloud/pop-core';

const client = new Core({
  accessKeyId: process.env.ALIBABA_CLOUD_ACCESS_KEY_ID,
  accessKeySecret: process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
  endpoint: ${quote(`${endpoint.protocol}://${endpoint.host}`)},
  apiVersion: ${quote(operation.version)},
});
const parameters = {
${lines(pairs, '  ', (name, value) => `${quote(name)}: ${quote(value)},`)}};
const reply = await client.request(${quote(operation.name)}, parameters, { method: 'POST' });
console.log(JSON.stringify(reply, null, 2));
`,
};
