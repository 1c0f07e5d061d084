import type { Texts } from '../en';
import { audit } from './audit';
import { common, failure, states } from './common';
import { explorer } from './explorer';
import { identities } from './identities';
import { images } from './images';
import { jobs } from './jobs';
import { overview } from './overview';
import { shell } from './shell';
import { signIn } from './signIn';
import { sources } from './sources';
import { tokens } from './tokens';

/** Every text of the console in Chinese. */
export const texts: Texts = {
  common,
  failure,
  states,
  audit,
  explorer,
  identities,
  images,
  jobs,
  overview,
  shell,
  signIn,
  sources,
  tokens,
};
