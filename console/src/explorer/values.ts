/** What a form holds, and the flat parameters it stands for. */
import type { Pair } from './pairs.ts';
import type { ParameterNode } from './model.ts';

/** A text, the elements of a list, or the members of an object. */
export type FormValue = string | readonly FormValue[] | FormValues;

/** Members by name. */
export interface FormValues {
  readonly [name: string]: FormValue;
}

/** Whether nothing but empty texts is there; such a value is not sent, and counts as absent at the server. */
export function isAbsent(value: FormValue | undefined): boolean {
  if (value === undefined) return true;
  if (typeof value === 'string') return value === '';
  return (isList(value) ? value : Object.values(value)).every(isAbsent);
}

export function isList(value: FormValue | undefined): value is readonly FormValue[] {
  return Array.isArray(value);
}

/** The elements of a list; none if it is something else. */
export function elementsOf(value: FormValue | undefined): readonly FormValue[] {
  return isList(value) ? value : [];
}

/** The members of an object; none if it is something else. */
export function membersOf(value: FormValue | undefined): FormValues {
  return value === undefined || typeof value === 'string' || isList(value) ? {} : value;
}

/** The same values without what is absent, so that lists have no gaps. */
export function compact(values: FormValues): FormValues {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => !isAbsent(value))
      .map(([name, value]) => [name, compactValue(value)]),
  );
}

function compactValue(value: FormValue): FormValue {
  if (typeof value === 'string') return value;
  return isList(value) ? value.filter((element) => !isAbsent(element)).map(compactValue) : compact(value);
}

/** The flat parameters: `Tag.1.Key`. */
export function toPairs(nodes: readonly ParameterNode[], values: FormValues, prefix = ''): Pair[] {
  return nodes.flatMap((node) => {
    const value = values[node.name];
    if (value === undefined || isAbsent(value)) return [];
    const name = `${prefix}${node.name}`;
    if (!node.repeated) return onePair(node, value, name);
    return elementsOf(value).flatMap((element, at) => onePair(node, element, `${name}.${String(at + 1)}`));
  });
}

function onePair(node: ParameterNode, value: FormValue, name: string): Pair[] {
  if (node.rule.type === 'object') return toPairs(node.members, membersOf(value), `${name}.`);
  return typeof value === 'string' && value !== '' ? [[name, value]] : [];
}

/** The form that stands for flat parameters; what the operation does not declare is left out. */
export function fromPairs(nodes: readonly ParameterNode[], pairs: readonly Pair[]): FormValues {
  const values: Record<string, FormValue> = {};
  for (const node of nodes) {
    const value = node.repeated ? readList(node, pairs) : readOne(node, pairs, node.name);
    if (!isAbsent(value) && value !== undefined) values[node.name] = value;
  }
  return values;
}

function readOne(node: ParameterNode, pairs: readonly Pair[], name: string): FormValue | undefined {
  if (node.rule.type !== 'object') return pairs.find(([own]) => own === name)?.[1];
  const inner = pairs
    .filter(([own]) => own.startsWith(`${name}.`))
    .map(([own, value]): Pair => [own.slice(name.length + 1), value]);
  return fromPairs(node.members, inner);
}

function readList(node: ParameterNode, pairs: readonly Pair[]): FormValue {
  const indexes = pairs.flatMap(([name]) => {
    const index = name.startsWith(`${node.name}.`)
      ? /^[1-9]\d{0,3}(?=\.|$)/.exec(name.slice(node.name.length + 1))
      : null;
    return index ? [Number(index[0])] : [];
  });
  return [...new Set(indexes)]
    .sort((a, b) => a - b)
    .flatMap((index) => readOne(node, pairs, `${node.name}.${String(index)}`) ?? []);
}

/** The values without those that the model marks secret: what may be remembered. */
export function withoutSecrets(nodes: readonly ParameterNode[], values: FormValues): FormValues {
  const kept: Record<string, FormValue> = {};
  for (const node of nodes) {
    const value = values[node.name];
    if (value === undefined || node.rule.secret === true) continue;
    if (node.rule.type !== 'object') kept[node.name] = value;
    else if (isList(value)) kept[node.name] = value.map((element) => withoutSecrets(node.members, membersOf(element)));
    else kept[node.name] = withoutSecrets(node.members, membersOf(value));
  }
  return kept;
}
