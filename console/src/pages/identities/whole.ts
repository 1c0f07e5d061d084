// Lists that a person chooses from. They have no search of their own, so all of their pages are read.
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { call, type ReplyOf } from '@/api/client';

export type User = ReplyOf<'ListUsers'>['Users']['User'][number];
export type Policy = ReplyOf<'ListPolicies'>['Policies']['Policy'][number];

/** The most that the center gives at once. */
export const pageSize = 100;

/** How many of them a select draws; typing finds the others. */
export const drawn = 100;

/** Every user of the account. */
export function useAllUsers({ enabled = true } = {}): UseQueryResult<User[]> {
  return useQuery({
    queryKey: ['ListUsers', 'all'],
    queryFn: ({ signal }) =>
      whole(
        async (PageNumber) => {
          const asked = { PageNumber, PageSize: pageSize };
          const reply = await call('ListUsers', asked, { signal, background: true });
          return { rows: reply.Users.User, total: reply.TotalCount };
        },
        ({ UserName }) => UserName,
      ),
    enabled,
  });
}

/** Every policy that can be attached. */
export function useAllPolicies(): UseQueryResult<Policy[]> {
  return useQuery({
    queryKey: ['ListPolicies', 'all'],
    queryFn: ({ signal }) =>
      whole(
        async (PageNumber) => {
          const asked = { PageNumber, PageSize: pageSize };
          const reply = await call('ListPolicies', asked, { signal, background: true });
          return { rows: reply.Policies.Policy, total: reply.TotalCount };
        },
        ({ PolicyName }) => PolicyName,
      ),
  });
}

/** Reads page after page until there is no more. One that moved to another page meanwhile is there once. */
export async function whole<Row>(
  ask: (page: number) => Promise<{ rows: readonly Row[]; total: number }>,
  key: (row: Row) => string,
): Promise<Row[]> {
  const all = new Map<string, Row>();
  for (let page = 1; ; page++) {
    const { rows, total } = await ask(page);
    for (const row of rows) all.set(key(row), row);
    if (rows.length < pageSize || page * pageSize >= total) return [...all.values()];
  }
}
