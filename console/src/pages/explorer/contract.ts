/** The model of this build, and where an address leads in it. */
import raw from '@/explorer/model.json';
import type { Model, Operation } from '@/explorer/model.ts';

/** Every operation and error code. The file is generated; its form is that of `Model`. */
export const contract = raw as unknown as Model;

const byName = new Map(contract.operations.map((operation) => [operation.name, operation]));

export const operationNamed = (name: string): Operation | undefined => byName.get(name);

/** Groups in the order of the list, each with its operations. */
export function grouped(operations: readonly Operation[]): [string, Operation[]][] {
  const order = ['access_token', 'source_server', 'replication_job', 'workgroup', 'tag', 'identities', 'landfall'];
  const rank = (group: string): number => (order.indexOf(group) + order.length) % order.length;
  const groups = new Map<string, Operation[]>();
  for (const operation of operations) groups.set(operation.group, [...(groups.get(operation.group) ?? []), operation]);
  return [...groups].sort(([a], [b]) => rank(a) - rank(b));
}

/** Operations whose name or summary has every word. */
export function matching(operations: readonly Operation[], search: string): Operation[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return operations.filter(({ name, summary, ram }) => {
    const text = `${name} ${summary} ${ram.action}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
