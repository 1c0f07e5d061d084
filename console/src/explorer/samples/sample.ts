/** A call to be shown as a program. */
import { parameterTree, type Operation } from '../model.ts';
import type { Pair } from '../pairs.ts';
import { compact, toPairs, type FormValues } from '../values.ts';

/** Where the center is, as the page's own address tells. */
export interface Endpoint {
  protocol: 'http' | 'https';
  /** With the port, unless it is the scheme's own. */
  host: string;
}

/** One call, as every language gets it. */
export interface SampleCall {
  operation: Operation;
  /** Without gaps. */
  values: FormValues;
  /** The same, flat. */
  pairs: Pair[];
  endpoint: Endpoint;
}

/** A language a call can be shown in. */
export interface Language {
  id: string;
  title: string;
  /** How its code is coloured. */
  syntax: 'python' | 'javascript' | 'go' | 'java' | 'php' | 'csharp' | 'shell';
  /** What installs the SDK; none for programs that are there. */
  install?: string;
  file: string;
  write: (call: SampleCall) => string;
}

export function sampleCall(operation: Operation, values: FormValues, endpoint: Endpoint): SampleCall {
  const own = compact(values);
  return { operation, values: own, pairs: toPairs(parameterTree(operation.parameters), own), endpoint };
}

/** Lines of pairs, each written by `line` and indented. */
export function lines(pairs: readonly Pair[], indent: string, line: (name: string, value: string) => string): string {
  return pairs.map(([name, value]) => `${indent}${line(name, value)}\n`).join('');
}
