// What the contract says of a code, read: it writes numbers as decimal strings and gives creation and days instead of an end.

/** The fields of a code that its standing depends on. */
export interface TokenFacts {
  Count: string;
  RegisteredCount: string;
  TimeToLiveInDays: string;
  CreationTime: string;
  Status: string;
}

export type TokenState = 'activated' | 'unactivated' | 'expired' | 'spent';

const dayMs = 86_400_000;

/** Uses of a code: how many there are, and how many are spent. */
export function uses(token: Pick<TokenFacts, 'Count' | 'RegisteredCount'>): {
  count: number;
  used: number;
  left: number;
} {
  const count = whole(token.Count);
  const used = whole(token.RegisteredCount);
  return { count, used, left: Math.max(0, count - used) };
}

/** When a code expires; `undefined` when the reply holds no such time. */
export function expiry(token: Pick<TokenFacts, 'CreationTime' | 'TimeToLiveInDays'>): Date | undefined {
  const created = Date.parse(token.CreationTime);
  const days = whole(token.TimeToLiveInDays);
  return Number.isNaN(created) || days === 0 ? undefined : new Date(created + days * dayMs);
}

/** The state a person is shown: a code whose uses are spent stays `activated` by the contract and imports nothing. */
export function tokenState(token: TokenFacts): TokenState {
  if (token.Status === 'unactivated' || token.Status === 'expired') return token.Status;
  return uses(token).left === 0 ? 'spent' : 'activated';
}

/** Whether a code that can be used ends within some days. */
export function expiresWithin(token: TokenFacts, days: number, now: Date): boolean {
  const end = expiry(token);
  return tokenState(token) === 'activated' && end !== undefined && end.getTime() - now.getTime() <= days * dayMs;
}

/** The name of a thing; many replies have an empty text where none was given. */
export function nameOr(name: string | undefined, other: string): string {
  return name === undefined || name === '' ? other : name;
}

/** The last part of an ARN, which names who it is: `user/alice`, `root`. */
export function actorName(arn: string): string {
  return arn.startsWith('acs:ram::') ? (arn.split(':').at(-1) ?? arn) : arn;
}

function whole(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
