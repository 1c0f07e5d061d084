import { Tooltip } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { useLanguage, useTexts } from '@/i18n/context';
import { local, readTime, relative } from './format/format';

interface WhenProps {
  /** A time as the API writes it. */
  time: string | undefined | null;
  /** Says how far away it is rather than the time itself. */
  away?: boolean;
  /** What is said when there is no time. */
  none?: string;
}

/** A time in the viewer's zone, with UTC on hover and for the keyboard. */
export function When({ time, away = false, none }: WhenProps): ReactNode {
  const { common } = useTexts();
  const { locale } = useLanguage();
  const now = useNow(away ? 10_000 : null);
  const at = readTime(time);
  if (at === null) return <span>{none ?? common.never}</span>;
  const utc = common.utc(new Date(at).toISOString().slice(0, 19).replace('T', ' '));
  const here = local(at, locale);
  return (
    <Tooltip label={away ? `${here} · ${utc}` : utc} events={{ hover: true, focus: true, touch: true }}>
      <time dateTime={time ?? ''} tabIndex={0}>
        {away ? relative(at, now, locale) : here}
      </time>
    </Tooltip>
  );
}

/** The present, looked at again every so many milliseconds. */
export function useNow(every: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (every === null) return;
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
