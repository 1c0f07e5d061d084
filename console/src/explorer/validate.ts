/**
 * The server's check of a call, in its order and words, so that a form says beforehand what a reply would say. It is
 * also the server that decides: a form that disagrees may still be sent.
 */
import { accepts, ruleOf } from './format.ts';
import type { Parameter, ParameterNode } from './model.ts';
import { elementsOf, isAbsent, membersOf, toPairs, type FormValue, type FormValues } from './values.ts';

/** One parameter that breaks its rule; `parameter` is its name as sent. */
export interface Violation {
  code: string;
  parameter: string;
  message: string;
}

/** Everything that breaks a rule; the first is what the server would answer. */
export function violations(nodes: readonly ParameterNode[], values: FormValues): Violation[] {
  return [...tooMany(nodes, values, ''), ...readMembers(nodes, values, '')];
}

/** Lists that are too long: the server looks at all names before it looks at a value, and tells the name as sent. */
function tooMany(nodes: readonly ParameterNode[], values: FormValues, prefix: string): Violation[] {
  return nodes.flatMap((node) => {
    const name = `${prefix}${node.name}`;
    const inside = (element: FormValue, own: string): Violation[] =>
      node.rule.type === 'object' ? tooMany(node.members, membersOf(element), `${own}.`) : [];
    if (!node.repeated) return inside(values[node.name] ?? '', name);
    return elementsOf(values[node.name]).flatMap((element, at) => {
      const own = `${name}.${String(at + 1)}`;
      const { max_items: most, exceed_code } = node.rule;
      if (most === undefined || at < most || isAbsent(element)) return inside(element, own);
      const [sent] = node.rule.type === 'object' ? toPairs(node.members, membersOf(element), `${own}.`) : [];
      return [violation(node, exceed_code, sent?.[0] ?? own, `it may be given at most ${String(most)} times`)];
    });
  });
}

function readMembers(nodes: readonly ParameterNode[], values: FormValues, prefix: string): Violation[] {
  const broken = nodes.flatMap((node) => readParameter(node, values[node.name], `${prefix}${node.name}`));
  const missing = nodes
    .filter(
      (node) => isAbsent(values[node.name]) && node.rule.default === undefined && isRequired(node.rule, nodes, values),
    )
    .map((node) => missingParameter(node, `${prefix}${node.name}`));
  return [...broken, ...missing];
}

/** Whether a parameter must be there, beside what else is. */
export function isRequired(rule: Parameter, beside: readonly ParameterNode[], values: FormValues): boolean {
  if (rule.required === true) return true;
  if (rule.required_if !== undefined) {
    const [name = '', expected = ''] = rule.required_if.split('=');
    const sibling = beside.find((node) => node.name === name);
    return sibling !== undefined && isSpelled(sibling.rule, values[name], expected);
  }
  if (rule.together_with === undefined) return false;
  const sibling = beside.find((node) => node.name === rule.together_with);
  return !isAbsent(values[rule.together_with]) || sibling?.rule.default !== undefined;
}

/** Whether a value, or the default that stands for it, is read as the expected one. */
function isSpelled(rule: Parameter, value: FormValue | undefined, expected: string): boolean {
  const text = typeof value === 'string' && value !== '' ? value : (rule.default ?? '');
  const loose = rule.type === 'boolean' || rule.case_insensitive === true;
  return loose ? text.toLowerCase() === expected.toLowerCase() : text === expected;
}

function readParameter(node: ParameterNode, value: FormValue | undefined, name: string): Violation[] {
  if (value === undefined || isAbsent(value)) return [];
  if (!node.repeated) return readOne(node, value, name);
  const seen: FormValue[] = [];
  return elementsOf(value).flatMap((element, at) => {
    if (isAbsent(element)) return [];
    const own = `${name}.${String(at + 1)}`;
    const broken = readOne(node, element, own);
    if (broken.length > 0) return broken;
    const repeated = repeats(node, element, seen, own);
    seen.push(element);
    return repeated;
  });
}

function repeats(node: ParameterNode, element: FormValue, seen: readonly FormValue[], name: string): Violation[] {
  const { duplicate_code, distinct_by, distinct_code } = node.rule;
  if (duplicate_code !== undefined && seen.includes(element)) {
    return [violation(node, duplicate_code, name, 'it repeats an earlier one')];
  }
  if (distinct_by === undefined) return [];
  const mine = membersOf(element)[distinct_by];
  if (isAbsent(mine) || !seen.some((other) => membersOf(other)[distinct_by] === mine)) return [];
  return [violation(node, distinct_code, name, `its ${distinct_by} repeats an earlier one`)];
}

function readOne(node: ParameterNode, value: FormValue, name: string): Violation[] {
  if (node.rule.type === 'object') return readMembers(node.members, membersOf(value), `${name}.`);
  const text = typeof value === 'string' ? value : '';
  const reason = brokenRule(node.rule, text);
  if (reason === undefined) return [];
  return [violation(node, node.rule.invalid_code, name, reason)];
}

function brokenRule(rule: Parameter, text: string): string | undefined {
  const but = (must: string): string => `${must}, but was "${shown(text)}"`;
  if (rule.type === 'boolean') return /^(true|false)$/i.test(text) ? undefined : but('it must be true or false');
  if (rule.type !== 'string') return brokenNumber(rule, text, but);
  if (rule.enum && rule.enum.length > 0) {
    const same = (choice: string): boolean =>
      rule.case_insensitive === true ? choice.toLowerCase() === text.toLowerCase() : choice === text;
    return rule.enum.some(same) ? undefined : but(`it must be one of ${rule.enum.join(', ')}`);
  }
  const prefix = rule.prefix ?? '';
  // What stands in an id's place may be the secret code.
  const told = (must: string): string =>
    rule.format === 'id' || rule.format === 'key_id' ? `it must ${must}` : but(`it must ${must}`);
  if (!accepts(rule.format, prefix, text)) return told(ruleOf(rule.format, prefix));
  const length = Array.from(text).length;
  const [min, max] = [rule.min_len ?? 0, rule.max_len ?? Number.MAX_SAFE_INTEGER];
  return length >= min && length <= max ? undefined : told(`have ${lengthRule(min, max)}`);
}

function brokenNumber(rule: Parameter, text: string, but: (must: string) => string): string | undefined {
  const [min, max] = [BigInt(rule.minimum ?? 0), BigInt(rule.maximum ?? Number.MAX_SAFE_INTEGER)];
  const choices = rule.enum ?? [];
  const number = /^[0-9]+$/.test(text) ? BigInt(text) : undefined;
  const fits = number !== undefined && number >= min && number <= max;
  if (fits && (choices.length === 0 || choices.includes(String(number)))) return undefined;
  if (choices.length > 0) return but(`it must be one of ${choices.join(', ')}`);
  return but(`it must be a whole number from ${String(min)} to ${String(max)}`);
}

export function lengthRule(min: number, max: number): string {
  if (min === max) return `exactly ${String(max)} characters`;
  return min <= 1 ? `at most ${String(max)} characters` : `${String(min)} to ${String(max)} characters`;
}

function violation(node: ParameterNode, code: string | undefined, name: string, reason: string): Violation {
  return {
    code: code ?? `InvalidParameter.${node.codeName}`,
    parameter: name,
    message: `Specified parameter ${name} is not valid: ${reason}.`,
  };
}

function missingParameter(node: ParameterNode, name: string): Violation {
  return {
    code: node.rule.missing_code ?? `MissingParameter.${node.codeName}`,
    parameter: name,
    message: `The input parameter "${name}" that is mandatory for processing this request is not supplied.`,
  };
}

const SHOWN = 64;
const NAMED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\\': '\\\\',
  '"': '\\"',
  "'": "\\'",
  '\0': '\\0',
};

/** The value as a message repeats it: unprintable characters escaped, at most 64 characters, escapes not cut apart. */
export function shown(value: string): string {
  const escapes = Array.from(value, (mark) => NAMED[mark] ?? escapeUnprintable(mark));
  if (Array.from(escapes.join('')).length <= SHOWN) return escapes.join('');
  let text = '';
  for (const escape of escapes) {
    if (Array.from(text + escape).length > SHOWN - 1) break;
    text += escape;
  }
  return `${text}…`;
}

function escapeUnprintable(mark: string): string {
  return mark !== ' ' && /[\p{C}\p{Z}]/u.test(mark) ? `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}` : mark;
}
