// What needs a person, out of what the operations say; the most urgent first.
import { parsed, record } from '@/api/failure';
import { expiresWithin, expiry, nameOr, tokenState, uses, type TokenFacts } from '../tokens/standing';

export type Matter =
  | { kind: 'job'; id: string; name: string; code: string; message: string }
  | { kind: 'offline' | 'faulty'; id: string; name: string; message: string }
  | { kind: 'expiring'; id: string; name: string; at: Date }
  | { kind: 'spent'; id: string; name: string }
  | { kind: 'unused'; id: string; name: string };

interface NamedToken extends TokenFacts {
  AccessTokenId: string;
  Name?: string;
}

/** Days before its end from which a code is about to expire. */
export const soonDays = 7;
/** Days after which a code that nobody used deserves a look. */
const unusedDays = 7;
/** Days after its creation for which a code that is used up is news. */
const spentDays = 14;

/** A job that failed: its code, and the message that the contract wraps in JSON. */
export function failedJob(job: { JobId?: string; Name?: string; ErrorCode?: string; StatusInfo?: string }): Matter {
  const id = job.JobId ?? '';
  return {
    kind: 'job',
    id,
    name: nameOr(job.Name, id),
    code: job.ErrorCode ?? '',
    message: messageIn(job.StatusInfo),
  };
}

/** A source that is not heard of, or whose agent reports a fault. */
export function lostSource(source: { SourceId: string; Name?: string; StatusInfo?: string }): Matter {
  return {
    kind: faultCode(source.StatusInfo) === 'SourceServer.Offline' ? 'offline' : 'faulty',
    id: source.SourceId,
    name: nameOr(source.Name, source.SourceId),
    message: messageIn(source.StatusInfo),
  };
}

/** What there is to say of codes: about to expire with uses left, used up lately, never used for days. */
export function codeMatters(tokens: readonly NamedToken[], now: Date): Matter[] {
  const matters = tokens.flatMap((token): Matter[] => {
    const id = token.AccessTokenId;
    const name = nameOr(token.Name, id);
    const at = expiry(token);
    const age = now.getTime() - Date.parse(token.CreationTime);
    if (tokenState(token) === 'spent') return age <= spentDays * dayMs ? [{ kind: 'spent', id, name }] : [];
    if (at && expiresWithin(token, soonDays, now)) return [{ kind: 'expiring', id, name, at }];
    return uses(token).used === 0 && age >= unusedDays * dayMs ? [{ kind: 'unused', id, name }] : [];
  });
  const rank = { job: 0, offline: 1, faulty: 1, expiring: 2, spent: 3, unused: 4 };
  return matters.sort((one, other) => rank[one.kind] - rank[other.kind] || ends(one) - ends(other));
}

/** How the active codes stand together. */
export function codeFigures(
  tokens: readonly TokenFacts[],
  now: Date,
): { usable: number; expiring: number; spent: number; usesLeft: number } {
  const usable = tokens.filter((token) => tokenState(token) === 'activated');
  return {
    usable: usable.length,
    expiring: usable.filter((token) => expiresWithin(token, soonDays, now)).length,
    spent: tokens.filter((token) => tokenState(token) === 'spent').length,
    usesLeft: usable.reduce((sum, token) => sum + uses(token).left, 0),
  };
}

const dayMs = 86_400_000;

function ends(matter: Matter): number {
  return matter.kind === 'expiring' ? matter.at.getTime() : 0;
}

function faultCode(info: string | undefined): unknown {
  return record(parsed(info ?? ''))?.error_code;
}

function messageIn(info: string | undefined): string {
  const message = record(parsed(info ?? ''))?.error_msg;
  return typeof message === 'string' ? message : '';
}
