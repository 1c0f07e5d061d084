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

/** Every text of the console in English; other languages have the same shape. */
export const texts = {
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

export type Texts = typeof texts;
