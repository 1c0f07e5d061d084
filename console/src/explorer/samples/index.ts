/** Every language a call can be shown in, in the order of the tabs. */
import { aliyun } from './aliyun.ts';
import { csharp } from './csharp.ts';
import { curl } from './curl.ts';
import { go } from './go.ts';
import { java } from './java.ts';
import { landfall } from './landfall.ts';
import { node } from './node.ts';
import { nodePopCore } from './nodePopCore.ts';
import { php } from './php.ts';
import { python } from './python.ts';
import { pythonClassic } from './pythonClassic.ts';
import type { Language } from './sample.ts';

export const LANGUAGES: readonly Language[] = [
  python,
  pythonClassic,
  node,
  nodePopCore,
  go,
  java,
  php,
  csharp,
  aliyun,
  landfall,
  curl,
];
