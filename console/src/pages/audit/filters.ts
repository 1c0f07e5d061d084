// What the audit log is narrowed to, as it stands in the page's address.
import type { RequestOf } from '@/api/client';

/** The kinds of events that a center notes. */
export const kinds = [
  ...['token.created', 'token.disabled', 'token.deleted', 'token.redeemed', 'token.refused'],
  ...['source.returned', 'source.rekeyed', 'source.deleted'],
  ...['job.created', 'job.changed', 'job.started', 'job.stopped', 'job.cutover', 'job.ran', 'job.finished'],
  ...['job.failed', 'job.expired', 'job.deleted', 'image.verified', 'image.booted'],
  ...['workgroup.created', 'workgroup.changed', 'workgroup.joined', 'workgroup.left', 'workgroup.deleted'],
  ...['session.began', 'session.ended', 'session.refused'],
  ...['account.created', 'master-key.rotated'],
  ...['user.created', 'user.deleted', 'key.created', 'key.enabled', 'key.disabled', 'key.deleted'],
  ...['policy.created', 'policy.changed', 'policy.deleted', 'policy.attached', 'policy.detached'],
];

export const fields = ['event', 'about', 'by', 'from', 'to'] as const;

export type Field = (typeof fields)[number];

/** Whether a text is a time as the API takes it. */
export function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** The call for one page. A time that is none is left out; the form says so beside it. */
export function request(search: URLSearchParams, token: string | undefined): RequestOf<'ListAuditEvents'> {
  const said = (field: Field): string => search.get(field)?.trim() ?? '';
  return {
    MaxResults: 50,
    ...(said('event') === '' ? {} : { Event: said('event') }),
    ...(said('about') === '' ? {} : { ResourceId: said('about') }),
    ...(said('by') === '' ? {} : { Actor: said('by') }),
    ...(isTime(said('from')) ? { StartTime: said('from') } : {}),
    ...(isTime(said('to')) ? { EndTime: said('to') } : {}),
    ...(token === undefined ? {} : { NextToken: token }),
  };
}
