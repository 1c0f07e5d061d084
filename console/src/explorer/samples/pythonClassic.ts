/** Python, the classic core: one generic request for every operation. */
import { valueOf } from '../pairs.ts';
import { python as quote } from './literals.ts';
import { lines, type Language } from './sample.ts';

export const pythonClassic: Language = {
  id: 'python-classic',
  title: 'Python V1',
  syntax: 'python',
  install: 'pip install aliyun-python-sdk-core==2.16.1',
  file: 'call_classic.py',
  write: ({ operation, pairs, endpoint }) => `import json
import os

from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

client = AcsClient(
    os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    ${quote(valueOf(pairs, 'RegionId') ?? 'cn-hangzhou')},
)
request = CommonRequest()
request.set_domain(${quote(endpoint.host)})
request.set_protocol_type(${quote(endpoint.protocol)})
request.set_method("POST")
request.set_version(${quote(operation.version)})
request.set_action_name(${quote(operation.name)})
request.set_accept_format("json")
${lines(pairs, '', (name, value) => `request.add_query_param(${quote(name)}, ${quote(value)})`)}reply = json.loads(client.do_action_with_exception(request))
print(json.dumps(reply, indent=2, ensure_ascii=False))
`,
};
