/** The contract as the explorer reads it: what `model.json` holds, and parameters as a tree. */

/** A parameter by its documented name; a list has an `N` for its index, as `Tag.N.Key`. */
export interface Parameter {
  name: string;
  type: 'string' | 'int32' | 'int64' | 'numeric_string' | 'boolean' | 'object';
  required?: boolean;
  /** `Sibling=value`: it is required beside that. */
  required_if?: string;
  /** It is required beside this sibling. */
  together_with?: string;
  default?: string;
  minimum?: number;
  maximum?: number;
  min_len?: number;
  max_len?: number;
  max_items?: number;
  enum?: string[];
  case_insensitive?: boolean;
  format?: string;
  prefix?: string;
  missing_code?: string;
  invalid_code?: string;
  exceed_code?: string;
  duplicate_code?: string;
  distinct_by?: string;
  distinct_code?: string;
  unit?: string;
  example?: string;
  extension?: boolean;
  secret?: boolean;
  description: string;
}

/** One member of a reply. */
export interface ResponseField {
  name: string;
  type: string;
  item_name?: string;
  item_type?: string;
  fields?: ResponseField[];
  optional?: boolean;
  secret?: boolean;
  example?: string;
  description: string;
}

export interface Operation {
  name: string;
  group: string;
  built: boolean;
  summary: string;
  description: string;
  methods: string[];
  https_only: boolean;
  ram: { action: string; access: string; resources: { pattern: string; if?: string }[] };
  parameters: Parameter[];
  response: ResponseField[];
  errors: string[];
  history?: { version: string; change: string }[];
  /** Set when the model is read. */
  product: string;
  version: string;
}

/** What is said of an error code; a family has a placeholder, as `InvalidParameter.{Parameter}`. */
export interface ErrorEntry {
  code: string;
  status: number;
  message?: string;
  cause: string;
  remedy: string;
}

export interface Model {
  operations: Operation[];
  errors: ErrorEntry[];
}

/** A parameter with its members: `Tag.N` holds `Tag.N.Key` and `Tag.N.Value`. */
export interface ParameterNode {
  /** The last part of the name: `Key`. */
  name: string;
  /** The documented name: `Tag.N.Key`. */
  path: string;
  /** As error codes carry it: `TagKey`. */
  codeName: string;
  rule: Parameter;
  repeated: boolean;
  members: ParameterNode[];
}

/** The parameters of an operation as a tree, in the order of the model. */
export function parameterTree(parameters: readonly Parameter[]): ParameterNode[] {
  const roots: ParameterNode[] = [];
  const byPath = new Map<string, ParameterNode>();
  for (const rule of parameters) {
    const node = toNode(rule);
    byPath.set(rule.name, node);
    (byPath.get(parentPath(rule.name))?.members ?? roots).push(node);
  }
  return roots;
}

function toNode(rule: Parameter): ParameterNode {
  const segments = rule.name.split('.');
  const named = segments.filter((segment) => segment !== 'N');
  return {
    name: named.at(-1) ?? rule.name,
    path: rule.name,
    codeName: named.join(''),
    rule,
    repeated: segments.at(-1) === 'N',
    members: [],
  };
}

function parentPath(path: string): string {
  return path.replace(/\.N$/, '').split('.').slice(0, -1).join('.');
}

/** The entry of a code, or of the family it belongs to. */
export function errorEntry<Entry extends { code: string }>(errors: readonly Entry[], code: string): Entry | undefined {
  return errors.find((entry) => entry.code === code) ?? errors.find((entry) => isMember(code, entry.code));
}

function isMember(code: string, family: string): boolean {
  const [before, ...after] = family.split(/\{[^}]*\}/);
  const end = after.join('');
  return after.length > 0 && code.startsWith(before ?? '') && code.endsWith(end) && code.length > family.length - 20;
}

/** Whether calling it takes something away, so that a person is asked first. */
export function isDestructive(operation: Operation): boolean {
  return (
    operation.ram.access === 'delete' || /^(Delete|Disable|Stop|CutOver|Untag|Disassociate|Detach)/.test(operation.name)
  );
}
