// `ReplicationParameters`: the JSON text that says how to copy, and the fields a person sees instead.
import { parsed, record } from '@/api/failure';

/** The runs in which everything is compared once more: the one that ends the job, where nothing is said. */
export const checks = ['last', 'every', 'never'] as const;
export type Checked = (typeof checks)[number];

export interface CopyOptions {
  /** MiB a second at the most; empty for no limit. */
  bandwidth: number | '';
  /** `auto` leaves it to the agent, which measures. */
  compression: 'auto' | number;
  checksum: Checked;
  /** Milliseconds that filesystems may stand still; empty for the default. */
  freeze: number | '';
}

export const plainCopy: CopyOptions = { bandwidth: '', compression: 'auto', checksum: 'last', freeze: '' };

/** The default of `freeze_budget_ms`, and what it may be. */
export const freezeBudget = { least: 50, most: 30_000, normal: 2_000 };
export const hardestCompression = 10;
/** The most MiB a second that can be asked for. */
export const mostBandwidth = 1 << 20;

export type CopyFault = 'bandwidth' | 'freeze';

/** What of the options cannot be sent. */
export function copyFaults(options: CopyOptions): Set<CopyFault> {
  const found = new Set<CopyFault>();
  const { bandwidth, freeze } = options;
  if (bandwidth !== '' && (bandwidth < 0 || bandwidth > mostBandwidth)) found.add('bandwidth');
  const budget = freeze === '' ? freezeBudget.normal : freeze;
  if (!Number.isInteger(budget) || budget < freezeBudget.least || budget > freezeBudget.most) found.add('freeze');
  return found;
}

/** The options as the contract's JSON; an empty object where all is as it is without any. */
export function written(options: CopyOptions): string {
  return JSON.stringify({
    ...(options.bandwidth === '' ? {} : { bandwidth_limit: Math.round(options.bandwidth * 1024) }),
    ...(options.compression === 'auto' ? {} : { compress_level: options.compression }),
    ...(options.checksum === 'last' ? {} : { checksum: options.checksum === 'every' }),
    ...(options.freeze === '' ? {} : { freeze_budget_ms: options.freeze }),
  });
}

/** The options in a job's `ReplicationParameters`; what is absent or no number is as it is without any. */
export function optionsIn(text: string | undefined): CopyOptions {
  const said = record(parsed(text ?? '')) ?? {};
  const { bandwidth_limit: limit, compress_level: level, freeze_budget_ms: freeze } = said;
  return {
    bandwidth: typeof limit === 'number' && limit > 0 ? limit / 1024 : '',
    compression: typeof level === 'number' ? level : 'auto',
    checksum: said.checksum === true ? 'every' : said.checksum === false ? 'never' : 'last',
    freeze: typeof freeze === 'number' ? freeze : '',
  };
}
