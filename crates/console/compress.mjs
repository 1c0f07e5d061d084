// Writes a .br and a .gz beside each text file of a directory, where that is smaller.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [directory] = process.argv.slice(2);
const names = readdirSync(directory, { recursive: true }).map(String);
for (const name of names.filter((name) => /\.(js|css|svg|json|txt|webmanifest)$/.test(name))) {
  const path = join(directory, name);
  const plain = readFileSync(path);
  const packed = {
    br: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }),
    gz: gzipSync(plain, { level: 9 }),
  };
  for (const [ending, content] of Object.entries(packed)) {
    if (content.length < plain.length * 0.9) writeFileSync(`${path}.${ending}`, content);
  }
}
