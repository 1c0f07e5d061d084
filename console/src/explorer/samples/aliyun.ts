/** The `aliyun` program, which signs with V1. It reads the key from the environment. */
import { valueOf } from '../pairs.ts';
import { shell as quote } from './literals.ts';
import type { Language } from './sample.ts';

export const aliyun: Language = {
  id: 'aliyun',
  title: 'aliyun CLI',
  syntax: 'shell',
  file: 'call_aliyun.sh',
  write: ({ operation, pairs, endpoint }) => {
    // The program takes its own option for the region.
    const own = pairs.filter(([name]) => name !== 'RegionId');
    const parts = [
      `aliyun smc ${operation.name}`,
      `--endpoint ${quote(endpoint.host)} ${endpoint.protocol === 'http' ? '--insecure' : '--secure'}`,
      `--region ${quote(valueOf(pairs, 'RegionId') ?? 'cn-hangzhou')} --force --version ${operation.version}`,
      ...own.map(([name, value]) => `--${name} ${quote(value)}`),
    ];
    return `${parts.join(' \\\n  ')}\n`;
  },
};
