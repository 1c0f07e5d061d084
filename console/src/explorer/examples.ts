/** A form filled with what the model gives as examples: a beginning for a person, and a full call for tests. */
import type { Parameter, ParameterNode } from './model.ts';
import type { FormValue, FormValues } from './values.ts';

/** Values for the parameters that must be there, or for all. Lists get as many elements as asked. */
export function exampleValues(nodes: readonly ParameterNode[], all: boolean, elements = 1): FormValues {
  const values: Record<string, FormValue> = {};
  for (const node of nodes) {
    if (!all && node.rule.required !== true) continue;
    const one = (at: number): FormValue =>
      node.rule.type === 'object' ? exampleValues(node.members, all, elements) : exampleOf(node.rule, at);
    values[node.name] = node.repeated ? Array.from({ length: elements }, (_, at) => one(at)) : one(0);
  }
  return values;
}

function exampleOf(rule: Parameter, at: number): string {
  const text = rule.example ?? rule.default ?? rule.enum?.[0] ?? fallback(rule);
  return at === 0 ? text : text.replace(/\*+$/, '') + String(at);
}

function fallback(rule: Parameter): string {
  if (rule.type === 'boolean') return 'true';
  if (rule.type !== 'string') return String(rule.minimum ?? 1);
  return rule.format === 'id' ? `${rule.prefix ?? ''}example` : 'example';
}
