// How large the scripts of the console are as browsers fetch them, and what the first page needs of them.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const dist = process.argv.at(-1);
const page = readFileSync(join(dist, 'index.html'), 'utf8');
const kib = (bytes) => (bytes / 1024).toFixed(1).padStart(8);
const files = readdirSync(join(dist, 'assets'))
  .filter((name) => name.endsWith('.js') || name.endsWith('.css'))
  .map((name) => {
    const bytes = readFileSync(join(dist, 'assets', name));
    return { name, first: page.includes(name), gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length };
  })
  .sort((a, b) => b.gzip - a.gzip);
const sum = (list, form) => list.reduce((all, file) => all + file[form], 0);
console.log('\n    gzip   brotli  KiB; * is what index.html names');
for (const file of files.filter((file) => file.gzip > 1024 || file.first)) {
  console.log(`${kib(file.gzip)} ${kib(file.brotli)}  ${file.first ? '*' : ' '} ${file.name}`);
}
for (const ending of ['.js', '.css']) {
  const all = files.filter((file) => file.name.endsWith(ending));
  const first = all.filter((file) => file.first);
  console.log(`${kib(sum(first, 'gzip'))} ${kib(sum(first, 'brotli'))}    ${ending} of the first page`);
  console.log(`${kib(sum(all, 'gzip'))} ${kib(sum(all, 'brotli'))}    ${ending} of all pages, ${all.length} files`);
}
