/** A parameter or header: its name and its value, both decoded. */
export type Pair = readonly [name: string, value: string];

/** Compares as the signature schemes sort: by the bytes of UTF-8, which is by code point, not by JavaScript's units. */
export function compareBytes(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)];
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const difference = (a[index]?.codePointAt(0) ?? 0) - (b[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Sorted by name; pairs of one name stay in their order. */
export function sortPairs(pairs: readonly Pair[]): Pair[] {
  return [...pairs].sort(([a], [b]) => compareBytes(a, b));
}

/** The value of the first pair of this name. */
export function valueOf(pairs: readonly Pair[], name: string): string | undefined {
  return pairs.find(([own]) => own === name)?.[1];
}

/** The value of a header, whatever the case of its name. */
export function headerOf(headers: readonly Pair[], name: string): string | undefined {
  return headers.find(([own]) => own.toLowerCase() === name.toLowerCase())?.[1];
}
