import type { Parameter } from '@/explorer/model.ts';
import type { Texts } from '@/i18n/en';

/** The rule of a parameter in a few short words. */
export function factsOf(rule: Parameter, words: Texts['explorer']['reference']): string[] {
  const facts: (string | undefined)[] = [
    rule.type,
    rule.required === true ? words.required : undefined,
    rule.required_if !== undefined ? words.requiredIf(rule.required_if) : undefined,
    rule.together_with !== undefined ? words.requiredWith(rule.together_with) : undefined,
    rule.default !== undefined && rule.default !== '' ? words.defaultValue(rule.default) : undefined,
    rule.enum && rule.enum.length > 0 ? rule.enum.join(' | ') : limits(rule, words),
    rule.unit,
    rule.max_items !== undefined ? words.items(rule.max_items) : undefined,
    rule.extension === true ? words.extension : undefined,
  ];
  return facts.filter((fact) => fact !== undefined);
}

function limits(rule: Parameter, words: Texts['explorer']['reference']): string | undefined {
  if (rule.minimum !== undefined && rule.maximum !== undefined) {
    return words.range(rule.minimum.toLocaleString('en'), rule.maximum.toLocaleString('en'));
  }
  if (rule.min_len === undefined || rule.max_len === undefined || rule.format === 'utc_time') return undefined;
  return words.length(String(rule.min_len), String(rule.max_len));
}
