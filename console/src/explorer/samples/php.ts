/** PHP with the generic client of the family. */
import { php as quote } from './literals.ts';
import { camel } from './node.ts';
import { paramsOf } from './python.ts';
import { lines, type Language } from './sample.ts';

export const php: Language = {
  id: 'php',
  title: 'PHP',
  syntax: 'php',
  install: 'composer require alibabacloud/darabonba-openapi',
  file: 'call.php',
  write: ({ operation, pairs, endpoint }) => `<?php

require __DIR__ . '/vendor/autoload.php';

use AlibabaCloud\\Dara\\Models\\RuntimeOptions;
use Darabonba\\OpenApi\\Models\\Config;
use Darabonba\\OpenApi\\Models\\OpenApiRequest;
use Darabonba\\OpenApi\\Models\\Params;
use Darabonba\\OpenApi\\OpenApiClient;

$client = new OpenApiClient(new Config([
    'accessKeyId' => getenv('ALIBABA_CLOUD_ACCESS_KEY_ID'),
    'accessKeySecret' => getenv('ALIBABA_CLOUD_ACCESS_KEY_SECRET'),
    'endpoint' => ${quote(endpoint.host)},
    'protocol' => ${quote(endpoint.protocol)},
]));
$params = new Params([
${lines(paramsOf(operation), '    ', (name, value) => `${quote(camel(name))} => ${quote(value)},`)}]);
$request = new OpenApiRequest(['query' => [
${lines(pairs, '    ', (name, value) => `${quote(name)} => ${quote(value)},`)}]]);
$reply = $client->callApi($params, $request, new RuntimeOptions([]));
echo json_encode($reply['body'], JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE), PHP_EOL;
`,
};
