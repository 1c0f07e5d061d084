// Runs a TypeScript file with the Node that is there, old or new: `node tests/run.js FILE [word…]`.
import { runnerImport } from 'vite';

const file = process.argv.splice(2, 1)[0];
if (file === undefined) throw new Error('say which file');
await runnerImport(new URL(`../${file}`, import.meta.url).pathname, { configFile: false, logLevel: 'warn' });
