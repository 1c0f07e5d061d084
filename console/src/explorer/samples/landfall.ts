/** The `landfall` program, which signs with V3. It reads the key from the environment. */
import { shell as quote } from './literals.ts';
import type { Language } from './sample.ts';

export const landfall: Language = {
  id: 'landfall',
  title: 'landfall CLI',
  syntax: 'shell',
  file: 'call_landfall.sh',
  write: ({ operation, pairs, endpoint }) => {
    const parts = [
      `landfall api --endpoint ${quote(`${endpoint.protocol}://${endpoint.host}`)} ${operation.name}`,
      ...pairs.map(([name, value]) => `--${name} ${quote(value)}`),
    ];
    return `${parts.join(' \\\n  ')}\n`;
  },
};
