import type { ReactNode } from 'react';
import { useLanguage } from '@/i18n/context';
import { bytes, duration } from './format/format';

/** An amount of data. */
export function Bytes({ count }: { count: number }): ReactNode {
  const { locale } = useLanguage();
  return <span>{bytes(count, locale)}</span>;
}

/** A length of time. */
export function Duration({ seconds }: { seconds: number }): ReactNode {
  const { locale } = useLanguage();
  return <span>{duration(seconds, locale)}</span>;
}
