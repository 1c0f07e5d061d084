/** A count with its English noun: `1 code`, `2 codes`, `1,204 codes`. */
export function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** A number as Chinese texts have it: `1,204`. */
export function number(count: number): string {
  return count.toLocaleString('zh-CN');
}
