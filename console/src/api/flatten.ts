/** A parameter as a page has it: lists and objects nested as the contract names them. */
export type Value = string | number | boolean | null | undefined | readonly Value[] | { readonly [key: string]: Value };

/**
 * The flat form in which parameters go over the wire: `{Tag: [{Key: "a"}]}` becomes `{"Tag.1.Key": "a"}`. What is absent is left
 * out; an empty text is sent, since some operations take it for "clear this".
 */
export function flatten(params: object): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(params) as [string, Value][]) add(flat, name, value);
  return flat;
}

function add(flat: Record<string, string>, name: string, value: Value): void {
  if (value === null || value === undefined) return;
  if (typeof value !== 'object') {
    flat[name] = String(value);
    return;
  }
  if (isList(value)) {
    value.forEach((item, index) => add(flat, `${name}.${index + 1}`, item));
    return;
  }
  for (const [key, inner] of Object.entries(value)) add(flat, `${name}.${key}`, inner);
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value);
}
