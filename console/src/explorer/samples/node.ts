/** Node with `@alicloud/openapi-client`, which signs with V3. */
import { javascript as quote } from './literals.ts';
import { paramsOf } from './python.ts';
import { lines, type Language } from './sample.ts';

export const node: Language = {
  id: 'node',
  title: 'Node',
  syntax: 'javascript',
  install: 'npm install @alicloud/openapi-client@0.4.15 @alicloud/tea-util@1.4.11',
  file: 'call.mjs',
  write: ({
    operation,
    pairs,
    endpoint,
  }) => `import openapi, { Config, OpenApiRequest, Params } from '@alicloud/openapi-client';
import { RuntimeOptions } from '@alicloud/tea-util';

const Client = openapi.default;
const client = new Client(new Config({
  accessKeyId: process.env.ALIBABA_CLOUD_ACCESS_KEY_ID,
  accessKeySecret: process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
  endpoint: ${quote(endpoint.host)},
  protocol: ${quote(endpoint.protocol)},
}));
const params = new Params({
${lines(paramsOf(operation), '  ', (name, value) => `${camel(name)}: ${quote(value)},`)}});
const request = new OpenApiRequest({
  query: {
${lines(pairs, '    ', (name, value) => `${quote(name)}: ${quote(value)},`)}  },
});
const reply = await client.callApi(params, request, new RuntimeOptions({}));
console.log(JSON.stringify(reply.body, null, 2));
`,
};

export const camel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
