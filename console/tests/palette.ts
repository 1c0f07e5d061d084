// Pictures with few colours, as pages have them: a fifth of what the browser writes.
import { crc32, deflateSync } from 'node:zlib';

/** Pixels in rows from the top left, four bytes each: red, green, blue, opacity. */
export interface Pixels {
  width: number;
  height: number;
  rgba: Uint8Array;
}

/** A PNG of the 256 most frequent colours; what has another one gets the nearest. Opacity is left out. */
export function paletted({ width, height, rgba }: Pixels): Buffer {
  const pixels = width * height;
  const colour = (at: number): number =>
    ((rgba[at * 4] ?? 0) << 16) | ((rgba[at * 4 + 1] ?? 0) << 8) | (rgba[at * 4 + 2] ?? 0);
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels; at++) counts.set(colour(at), (counts.get(colour(at)) ?? 0) + 1);
  const palette = [...counts]
    .sort(([, one], [, other]) => other - one)
    .slice(0, 256)
    .map(([own]) => own);
  const indexes = new Map([...counts.keys()].map((own) => [own, nearest(palette, own)]));
  // Each row begins with its filter: none.
  const rows = Buffer.alloc((width + 1) * height);
  for (let at = 0; at < pixels; at++) {
    rows[Math.floor(at / width) * (width + 1) + 1 + (at % width)] = indexes.get(colour(at)) ?? 0;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // Eight bits, by palette.
  head.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((own) => [own >> 16, (own >> 8) & 255, own & 255]));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(rows, { level: 9, memLevel: 9 });
  return Buffer.concat([signature, chunk('IHDR', head), chunk('PLTE', colours), chunk('IDAT', data), chunk('IEND')]);
}

function nearest(palette: readonly number[], colour: number): number {
  let best = 0;
  let least = Infinity;
  for (const [at, own] of palette.entries()) {
    const [red, green, blue] = [16, 8, 0].map((bits) => ((own >> bits) & 255) - ((colour >> bits) & 255));
    const distance = (red ?? 0) ** 2 + (green ?? 0) ** 2 + (blue ?? 0) ** 2;
    if (distance < least) [best, least] = [at, distance];
  }
  return best;
}

function chunk(kind: string, data: Uint8Array = new Uint8Array()): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
