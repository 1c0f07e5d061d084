import {
  IconCloudUpload,
  IconCode,
  IconGauge,
  IconHistory,
  IconKey,
  IconServer2,
  IconStack2,
  IconUsers,
  type Icon,
} from '@tabler/icons-react';
import type { Texts } from '@/i18n/en';

export interface Place {
  path: string;
  /** The second key of its shortcut; the first is `g`. */
  key: string;
  icon: Icon;
  group: keyof Texts['shell']['groups'];
  title: (texts: Texts) => string;
}

/** The pages that the navigation leads to, in its order. */
export const places: readonly Place[] = [
  { path: '/', key: 'o', icon: IconGauge, group: 'migrate', title: (texts) => texts.overview.title },
  { path: '/tokens', key: 'c', icon: IconKey, group: 'migrate', title: (texts) => texts.tokens.title },
  { path: '/sources', key: 's', icon: IconServer2, group: 'migrate', title: (texts) => texts.sources.title },
  { path: '/jobs', key: 'j', icon: IconCloudUpload, group: 'migrate', title: (texts) => texts.jobs.title },
  { path: '/images', key: 'i', icon: IconStack2, group: 'migrate', title: (texts) => texts.images.title },
  { path: '/explorer', key: 'e', icon: IconCode, group: 'develop', title: (texts) => texts.explorer.title },
  { path: '/identities', key: 'u', icon: IconUsers, group: 'govern', title: (texts) => texts.identities.title },
  { path: '/audit', key: 'a', icon: IconHistory, group: 'govern', title: (texts) => texts.audit.title },
];
