/** A reply as it might look, from the examples of the model. */
import type { ResponseField } from './model.ts';

const REQUEST_ID = '473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E';

export function exampleReply(fields: readonly ResponseField[]): object {
  return { ...members(fields), RequestId: REQUEST_ID };
}

function members(fields: readonly ResponseField[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field)]));
}

function valueOf(field: ResponseField): unknown {
  switch (field.type) {
    case 'object':
      return members(field.fields ?? []);
    case 'list': {
      const item = field.item_type === 'object' ? members(field.fields ?? []) : (field.example ?? 'example');
      return { [field.item_name ?? field.name]: [item] };
    }
    case 'int32':
    case 'int64':
      return Number(field.example ?? 1);
    case 'float':
      return Number(field.example ?? 0.5);
    case 'boolean':
      return field.example !== 'false';
    default:
      return field.example ?? fallback(field.name);
  }
}

const fallback = (name: string): string => (name.endsWith('Time') ? '2026-11-24T08:00:00Z' : 'example');
