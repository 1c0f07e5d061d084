import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import vm from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import { testOperation } from '../testModel.ts';
import { highlight } from './highlight.ts';
import { LANGUAGES } from './index.ts';
import * as literals from './literals.ts';
import { sampleCall } from './sample.ts';

const ENDPOINT = { protocol: 'http', host: '127.0.0.1:8620' } as const;
const SMC = sampleCall(
  testOperation('TagResources'),
  {
    ResourceType: 'sourceserver',
    ResourceId: ['s-bp1e2fsl57knvuug****'],
    Tag: [{ Key: 'it\'s "5"', Value: '$HOME `id` \\ 名\nnext' }],
  },
  ENDPOINT,
);
const OWN = sampleCall(testOperation('ListAuditEvents'), { MaxResults: '5', Event: 'token.redeemed' }, ENDPOINT);
const NESTED = sampleCall(
  testOperation('CreateReplicationJob'),
  {
    SourceId: 's-bp1e2fsl57knvuug****',
    DataDisk: [
      { Index: '1', Size: '20', Part: [{ Block: 'true', Device: '0_1', SizeBytes: '8578400256' }] },
      { Index: '2', Size: '40' },
    ],
    Tag: [{ Key: 'k"', Value: 'v\\' }],
  },
  ENDPOINT,
);
const folder = mkdtempSync(join(tmpdir(), 'landfall-literals-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe.each(LANGUAGES)('$title', (language) => {
  it('shows an operation of SMC', () => {
    expect(language.write(SMC)).toMatchSnapshot();
  });

  it("shows an operation of Landfall's own", () => {
    expect(language.write(OWN)).toMatchSnapshot();
  });

  it('is coloured without a character changed', () => {
    const text = language.write(SMC);
    expect(
      highlight(language.syntax, text)
        .map((token) => token.text)
        .join(''),
    ).toBe(text);
  });
});

/** Texts that have broken some program's quoting before, then texts of all marks, always the same ones. */
function nasty(): string[] {
  const known = [
    `it's`,
    '"',
    '\\',
    '\\\\',
    '\\u0041',
    '\\n',
    'a\nb\r\tc',
    '$HOME ${HOME} $(id) {$a} `id`',
    '%s %d %%',
    '名字 🦀 é e\u0301',
    '\u2028\u2029\u202e\ufeff\u00a0\u0085\u007f',
    '*/ // # <!-- ?> */ """ \'\'\'',
    '-x',
    '--',
    '!!',
    ' ',
    '~',
    '@file',
    '\u0001\u001f',
    '}{[]()<>;&|',
  ];
  const marks = [
    '"',
    "'",
    '\\',
    '$',
    '`',
    '\n',
    '\r',
    '{',
    '}',
    '%',
    '!',
    '#',
    'u',
    'x',
    '0',
    'n',
    'A',
    ' ',
    '名',
    '🦀',
    '\u0085',
    '\u202e',
    '\u0007',
  ];
  let seed = 7;
  const next = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648);
  const random = Array.from({ length: 300 }, () =>
    Array.from({ length: next() % 12 }, () => marks[(next() >>> 8) % marks.length] ?? '').join(''),
  );
  return [...known, ...random.filter((text) => text !== '')];
}

const hexOf = (text: string): string => Buffer.from(text, 'utf8').toString('hex');
/** Whether a compiler is there. Where all are said to be there, a test that needs one runs, and fails without it. */
const has = (program: string): boolean =>
  process.env.LANDFALL_COMPILERS === 'require' || spawnSync('which', [program]).status === 0;

/** A program that prints each text in hexadecimal, one a line. */
function run(program: string, args: string[], file: string, source: string): string[] {
  const path = join(folder, file);
  writeFileSync(path, source);
  return execFileSync(program, [...args, path], { encoding: 'utf8', maxBuffer: 1 << 24, cwd: folder })
    .trim()
    .split('\n');
}

describe('literals mean the very text to the language itself', () => {
  const texts = nasty();
  const expected = texts.map(hexOf);

  it('JavaScript', () => {
    const source = `[${texts.map(literals.javascript).join(',\n')}]`;
    expect((vm.runInNewContext(source) as string[]).map(hexOf)).toEqual(expected);
  });

  it('shell', () => {
    const source = texts
      .map((text) => `printf '%s' ${literals.shell(text)} | od -An -v -tx1 | tr -d ' \\n'; echo`)
      .join('\n');
    expect(run('sh', [], 'a.sh', source)).toEqual(expected);
  });

  it.runIf(has('python3'))('Python', () => {
    const source = `for t in [\n${texts.map(literals.python).join(',\n')}]: print(t.encode().hex())`;
    expect(run('python3', [], 'a.py', source)).toEqual(expected);
  });

  it.runIf(has('php'))('PHP', () => {
    const source = `<?php foreach ([\n${texts.map(literals.php).join(',\n')}] as $t) echo bin2hex($t), "\\n";`;
    expect(run('php', [], 'a.php', source)).toEqual(expected);
  });

  it.runIf(has('java'))('Java', () => {
    const source = `import java.nio.charset.StandardCharsets; import java.util.HexFormat;
public class A { public static void main(String[] a) { for (String t : new String[] {\n${texts.map(literals.java).join(',\n')}})
System.out.println(HexFormat.of().formatHex(t.getBytes(StandardCharsets.UTF_8))); } }`;
    expect(run('java', ['--source', '17', '-Dfile.encoding=UTF-8'], 'A.java', source)).toEqual(expected);
  });

  it.runIf(has('go'))('Go', { timeout: 300_000 }, () => {
    const source = `package main\nimport "fmt"\nfunc main() { for _, t := range []string{\n${texts.map(literals.go).join(',\n')},\n} { fmt.Printf("%x\\n", t) } }`;
    expect(run('go', ['run'], 'a.go', source)).toEqual(expected);
  });

  it.runIf(has('mcs') && has('mono'))('C#', () => {
    const source = `class A { static void Main() { foreach (var t in new[] {\n${texts.map(literals.csharp).join(',\n')}}) System.Console.WriteLine(
System.BitConverter.ToString(new System.Text.UTF8Encoding(false).GetBytes(t)).Replace("-", "").ToLower()); } }`;
    writeFileSync(join(folder, 'a.cs'), source);
    execFileSync('mcs', ['-out:a.exe', 'a.cs'], { cwd: folder });
    expect(execFileSync('mono', ['a.exe'], { cwd: folder, encoding: 'utf8' }).trim().split('\n')).toEqual(expected);
  });
});

/** Compilers and parsers that Debian has, over every sample. */
describe.each([
  ['of SMC', SMC],
  ["of Landfall's own", OWN],
  ['with parts in parts', NESTED],
])('programs for an operation %s are well formed', (_, call) => {
  const write = (id: string): string => {
    const language = LANGUAGES.find((own) => own.id === id);
    const path = join(folder, language?.file ?? id);
    writeFileSync(path, language?.write(call) ?? '');
    return path;
  };

  it.each(['aliyun', 'landfall', 'curl'])('%s: sh -n', (id) => {
    execFileSync('sh', ['-n', write(id)]);
  });

  it.runIf(has('php'))('PHP: php -l', () => {
    execFileSync('php', ['-l', write('php')]);
  });

  it.runIf(has('gofmt'))('Go: gofmt finds nothing to change', () => {
    const path = write('go');
    expect(execFileSync('gofmt', ['-e', '-d', path], { encoding: 'utf8' })).toBe('');
  });

  it.runIf(has('javac'))('Java: javac against stubs', () => {
    const path = write('java');
    writeStubs(folder);
    execFileSync('javac', ['-encoding', 'UTF-8', '-d', join(folder, 'out'), '-sourcepath', folder, path]);
  });

  it.runIf(has('mcs'))('C#: mcs against stubs', () => {
    const path = write('csharp');
    writeFileSync(join(folder, 'stubs.cs'), CSHARP_STUBS);
    execFileSync('mcs', ['-out:sample.exe', path, join(folder, 'stubs.cs')], { cwd: folder });
  });
});

/** The classes of the SDK as its documentation names them. */
function writeStubs(root: string): void {
  const fluent = (type: string, names: string): string =>
    names
      .split(' ')
      .map((name) => `public ${type} set${name}(String v) { return this; }`)
      .join('\n');
  const files: Record<string, string> = {
    'com/aliyun/teaopenapi/models/Config.java': `package com.aliyun.teaopenapi.models; public class Config { ${fluent('Config', 'AccessKeyId AccessKeySecret Endpoint Protocol')} }`,
    'com/aliyun/teaopenapi/models/Params.java': `package com.aliyun.teaopenapi.models; public class Params { ${fluent('Params', 'Action Version Protocol Pathname Method AuthType Style ReqBodyType BodyType')} }`,
    'com/aliyun/teaopenapi/models/OpenApiRequest.java':
      'package com.aliyun.teaopenapi.models; public class OpenApiRequest { public OpenApiRequest setQuery(java.util.Map<String, String> q) { return this; } }',
    'com/aliyun/teautil/models/RuntimeOptions.java':
      'package com.aliyun.teautil.models; public class RuntimeOptions { }',
    'com/aliyun/teautil/Common.java':
      'package com.aliyun.teautil; public class Common { public static String toJSONString(Object o) { return ""; } }',
    'com/aliyun/teaopenapi/Client.java': `package com.aliyun.teaopenapi; import com.aliyun.teaopenapi.models.*; public class Client { public Client(Config c) throws Exception { }
public java.util.Map<String, ?> callApi(Params p, OpenApiRequest r, com.aliyun.teautil.models.RuntimeOptions o) throws Exception { return null; } }`,
  };
  for (const [name, text] of Object.entries(files)) {
    execFileSync('mkdir', ['-p', join(root, name, '..')]);
    writeFileSync(join(root, name), text);
  }
}

const CSHARP_STUBS = `using System.Collections.Generic;
namespace AlibabaCloud.OpenApiClient.Models {
  public class Config { public string AccessKeyId, AccessKeySecret, Endpoint, Protocol; }
  public class Params { public string Action, Version, Protocol, Pathname, Method, AuthType, Style, ReqBodyType, BodyType; }
  public class OpenApiRequest { public Dictionary<string, string> Query; }
}
namespace AlibabaCloud.TeaUtil { public static class Common { public static string ToJSONString(object o) { return ""; } } }
namespace AlibabaCloud.TeaUtil.Models { public class RuntimeOptions { } }
namespace AlibabaCloud.OpenApiClient {
  public class Client { public Client(Models.Config c) { }
    public Dictionary<string, object> CallApi(Models.Params p, Models.OpenApiRequest r, AlibabaCloud.TeaUtil.Models.RuntimeOptions o) { return null; } }
}
`;
