// Throughput over time: what a chart draws, and a rate that is calm enough to be read and to be reckoned with.
import { bytesLeft, type Figures } from './figures';

/** A point of the chart. Without a rate the line has a gap: a pass begins, or nothing is copied. */
export interface Sample {
  at: number;
  rate: number | undefined;
  dirty: number | undefined;
}

export interface History {
  samples: readonly Sample[];
  /** The pass that goes on, and since when it is watched. */
  pass: string;
  since: number;
  /** The smoothed rate; `undefined` while measuring. */
  rate: number | undefined;
  /** What the smoothing has come to, shown or not. */
  mean: number | undefined;
  last: number;
  /** Bytes that were sent until then. */
  sent: number;
}

/** A rate is shown when a pass was watched for so many milliseconds: the first figures are wild. */
export const measuring = 3_000;
/** Milliseconds after which an older figure counts for about a third. */
const memory = 5_000;
/** News comes more often than a chart needs points. */
const apart = 500;
/** More points than that are thinned out, so that a copy of days costs no more than one of minutes. */
const most = 600;

export const nothingYet: History = {
  samples: [],
  pass: '',
  since: 0,
  rate: undefined,
  mean: undefined,
  last: 0,
  sent: 0,
};

/** The history with the figures of this moment (milliseconds) added. */
export function noted(history: History, figures: Figures, at: number): History {
  if (at - history.last < apart && passOf(figures) === history.pass) return history;
  const sent = figures.sent ?? history.sent;
  const rate = copying(figures) ? rateOf(history, figures, sent, at) : undefined;
  if (passOf(figures) !== history.pass) {
    const gap: Sample = { at, rate: undefined, dirty: figures.dirty };
    const fresh = { pass: passOf(figures), since: at, rate: undefined, mean: undefined, last: at, sent };
    return { ...fresh, samples: thinned([...history.samples, gap]) };
  }
  const mean = smoothed(history.mean, rate, at - history.last);
  const shown = at - history.since >= measuring ? mean : undefined;
  const sample = { at, rate: shown, dirty: figures.dirty };
  return { ...history, rate: shown, mean, last: at, sent, samples: thinned([...history.samples, sample]) };
}

/** Milliseconds until the pass is through, at the rate that it goes; `undefined` while that cannot be told. */
export function timeLeft(history: History, figures: Figures): number | undefined {
  const left = bytesLeft(figures);
  if (left === undefined || !copying(figures) || !history.rate) return undefined;
  return (left / history.rate) * 1000;
}

/** The least, the mean and the greatest rate that the chart shows, for those who do not see it. */
export function summary(samples: readonly Sample[]): { least: number; mean: number; most: number } | undefined {
  const rates = samples.flatMap(({ rate }) => (rate === undefined ? [] : [rate]));
  if (rates.length < 2) return undefined;
  const sum = rates.reduce((total, rate) => total + rate, 0);
  return { least: Math.min(...rates), mean: sum / rates.length, most: Math.max(...rates) };
}

function copying(figures: Figures): boolean {
  return figures.phase === 'full' || figures.phase === 'changes' || figures.phase === 'audit';
}

/**
 * The agent's rate is that of reading. Where everything is read and the network is still at work, as on a small disk with a low
 * limit, that would be nothing, so then it is what was sent meanwhile.
 */
function rateOf(history: History, figures: Figures, sent: number, at: number): number | undefined {
  if (figures.rate !== 0 || sent <= history.sent) return figures.rate;
  return ((sent - history.sent) / (at - history.last)) * 1_000;
}

function passOf(figures: Figures): string {
  return `${figures.phase} ${figures.pass ?? 0}`;
}

function smoothed(mean: number | undefined, rate: number | undefined, elapsed: number): number | undefined {
  if (rate === undefined) return mean;
  if (mean === undefined) return rate;
  return mean + (rate - mean) * (1 - Math.exp(-elapsed / memory));
}

/** Every other point of the older half goes; gaps stay, since they tell where a pass began. */
function thinned(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length <= most) return samples;
  const half = Math.floor(samples.length / 2);
  return samples.filter(({ rate }, index) => index >= half || index % 2 === 0 || rate === undefined).slice(-most);
}
