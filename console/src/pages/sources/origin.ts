// How a source came. The audit log has that under the code it came with, not under the source.
import { useQuery } from '@tanstack/react-query';
import { call, type ReplyOf, type RequestOf } from '@/api/client';
import type { AuditEvent } from '@/api/generated';

/** What is known of a source's import: the code, and the second in which it was. */
export interface Import {
  source: string;
  code: string;
  /** As the API writes times. */
  time: string;
}

/** The entry of a source's import, as its own trail has it; `null` when the log does not reach back so far. */
export function useOrigin(of: Import | undefined): AuditEvent | null | undefined {
  const { data } = useQuery({
    queryKey: ['ListAuditEvents', 'origin', of],
    queryFn: ({ signal }) =>
      of ? origin(of, (asked) => call('ListAuditEvents', asked, { signal, background: true })) : null,
    enabled: of !== undefined,
    staleTime: Infinity,
  });
  return data;
}

type Ask = (asked: RequestOf<'ListAuditEvents'>) => Promise<ReplyOf<'ListAuditEvents'>>;

/** Looks through what was imported with the code in that second: an entry is written with the source, at the same time. */
export async function origin({ source, code, time }: Import, ask: Ask): Promise<AuditEvent | null> {
  const begin = Date.parse(time);
  if (Number.isNaN(begin)) return null;
  const second = { StartTime: utc(begin), EndTime: utc(begin + 1_000) };
  const asked = { Event: 'token.redeemed', ResourceId: code, MaxResults: 100, ...second };
  let next = '';
  do {
    const page = await ask(next === '' ? asked : { ...asked, NextToken: next });
    const found = page.AuditEvents.AuditEvent.find(({ Detail }) => Detail === source);
    if (found) return { ...found, ResourceId: source, Detail: code };
    next = page.NextToken;
  } while (next !== '');
  return null;
}

/** A time as parameters have it: whole seconds. */
function utc(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
