/** Python, the current SDK: typed for operations of SMC, generic for those of Landfall's own. */
import { parameterTree, type Operation, type ParameterNode } from '../model.ts';
import { membersOf, elementsOf, type FormValue, type FormValues } from '../values.ts';
import { python as quote } from './literals.ts';
import { lines, type Language, type SampleCall } from './sample.ts';

export const python: Language = {
  id: 'python',
  title: 'Python',
  syntax: 'python',
  install: 'pip install alibabacloud_smc20190601==1.1.2',
  file: 'call.py',
  write: (call) => (isTyped(call) ? typed(call) : generic(call)),
};

/** Parameters that the SDK's types lack. */
const LACKING: Readonly<Record<string, readonly string[]>> = { ListAccessTokens: ['PageNumber', 'PageSize'] };

function isTyped({ operation, values }: SampleCall): boolean {
  const lacking = LACKING[operation.name] ?? [];
  return operation.product === 'smc' && !lacking.some((name) => name in values);
}

function config({ endpoint }: SampleCall): string {
  return `Config(
    access_key_id=os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    access_key_secret=os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    endpoint=${quote(endpoint.host)},
    protocol=${quote(endpoint.protocol)},
)`;
}

function typed(call: SampleCall): string {
  const { operation } = call;
  const request = model(`${operation.name}Request`, parameterTree(operation.parameters), call.values, '');
  return `import json
import os

from alibabacloud_smc20190601 import models
from alibabacloud_smc20190601.client import Client
from alibabacloud_tea_openapi.models import Config

client = Client(${config(call)})
request = ${request}
response = client.${snake(operation.name)}(request)
print(json.dumps(response.body.to_map(), indent=2, ensure_ascii=False))
`;
}

function model(type: string, nodes: readonly ParameterNode[], values: FormValues, indent: string): string {
  const inner = `${indent}    `;
  const members = nodes.flatMap((node) => {
    const value = values[node.name];
    if (value === undefined) return [];
    return [`${inner}${snake(node.name)}=${written(type, node, value, inner)},\n`];
  });
  return members.length === 0 ? `models.${type}()` : `models.${type}(\n${members.join('')}${indent})`;
}

function written(type: string, node: ParameterNode, value: FormValue, indent: string): string {
  if (!node.repeated) return one(type, node, value, indent);
  const inner = `${indent}    `;
  const elements = elementsOf(value).map((element) => `${inner}${one(type, node, element, inner)},\n`);
  return `[\n${elements.join('')}${indent}]`;
}

function one(type: string, node: ParameterNode, value: FormValue, indent: string): string {
  if (node.rule.type === 'object') return model(`${type}${node.name}`, node.members, membersOf(value), indent);
  const text = typeof value === 'string' ? value : '';
  // The SDK's types are those of the contract; what does not fit them is left for the server to refuse.
  if (/^int(32|64)$/.test(node.rule.type) && /^(0|[1-9][0-9]*)$/.test(text)) return text;
  if (node.rule.type === 'boolean' && /^(true|false)$/i.test(text))
    return text.toLowerCase() === 'true' ? 'True' : 'False';
  return quote(text);
}

const SNAKE: Readonly<Record<string, string>> = { LVM: 'lvm', TargetVSwitchId: 'target_vswitch_id' };

/** Names as the SDK spells them. */
export function snake(name: string): string {
  return SNAKE[name] ?? name.replace(/(?!^)[A-Z]/g, '_$&').toLowerCase();
}

function generic(call: SampleCall): string {
  return `import json
import os

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from alibabacloud_tea_util.models import RuntimeOptions

client = Client(${config(call)})
params = Params(
${lines(paramsOf(call.operation), '    ', (name, value) => `${snake(name)}=${quote(value)},`)})
request = OpenApiRequest(query={
${lines(call.pairs, '    ', (name, value) => `${quote(name)}: ${quote(value)},`)}})
reply = client.call_api(params, request, RuntimeOptions())
print(json.dumps(reply["body"], indent=2, ensure_ascii=False))
`;
}

/** What every generic client of the family wants to know of an operation. */
export function paramsOf(operation: Operation): [string, string][] {
  return Object.entries({
    Action: operation.name,
    Version: operation.version,
    Protocol: 'HTTP',
    Pathname: '/',
    Method: 'POST',
    AuthType: 'AK',
    Style: 'RPC',
    ReqBodyType: 'formData',
    BodyType: 'json',
  });
}
