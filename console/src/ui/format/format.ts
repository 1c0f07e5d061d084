// Figures and times as people read them; pure, in the language asked for.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes with a binary unit and three significant digits at most: `1.5 GiB`. */
export function bytes(count: number, locale: string): string {
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1_023.5 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${value.toLocaleString(locale, { maximumFractionDigits: digits })} ${units[unit] ?? ''}`;
}

const steps = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A length of time by its two largest parts: `2d 4h`, `3m 20s`, `0.8s`. */
export function duration(seconds: number, locale: string): string {
  const part = (value: number, unit: string): string =>
    value.toLocaleString(locale, { style: 'unit', unit, unitDisplay: 'narrow', maximumFractionDigits: 1 });
  if (seconds < 10) return part(Math.max(0, seconds), 'second');
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of steps) {
    const whole = Math.floor(rest / size);
    if (whole > 0) parts.push(part(whole, unit));
    else if (parts.length > 0) break;
    rest -= whole * size;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/**
 * How far a time is from now: `3 minutes ago`, `in 30 hours`, `in 2 days`. Never `tomorrow`, which depends on the hour and the zone:
 * up to two days are told in hours. What is past is told in whole units, what comes to the nearest one.
 */
export function relative(time: number, now: number, locale: string): string {
  const seconds = (time - now) / 1_000;
  if (Math.abs(seconds) < 5) return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(0, 'second');
  const [unit, size] = steps.find(([unit, size]) => Math.abs(seconds) >= (unit === 'day' ? 2 * size : size)) ?? [
    'second',
    1,
  ];
  const count = seconds < 0 ? Math.trunc(seconds / size) : Math.round(seconds / size);
  return new Intl.RelativeTimeFormat(locale, { numeric: 'always' }).format(count, unit);
}

/** A time in the viewer's zone. */
export function local(time: number, locale: string, zone?: string): string {
  return new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'medium',
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(time);
}

/** A time as the API writes it, `2026-11-24T08:00:00Z`; `null` for what is none. */
export function readTime(text: string | undefined | null): number | null {
  const time = text ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? null : time;
}
