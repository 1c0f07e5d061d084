// Operations in components: `useOperation` for what a page shows, `useAction` for what it does.
import { QueryClient, keepPreviousData, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { call, type OperationName, type ReplyOf, type RequestOf } from './client';
import { ApiFailure } from './failure';

/** Operations whose reply holds a secret. They are called by `useAction` alone, which keeps nothing. */
type SecretOperation = Extract<
  OperationName,
  'CreateAccessToken' | 'CreateAccessKey' | 'CreateSignInLink' | 'FollowReplicationJobs'
>;

export type ShownOperation = Exclude<OperationName, SecretOperation>;

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (count, error) => count < 2 && error instanceof ApiFailure && error.passing,
        refetchOnWindowFocus: true,
        networkMode: 'always',
      },
    },
  });
}

interface ShowOptions {
  enabled?: boolean;
  /** Milliseconds between looks while the page is visible. */
  every?: number | undefined;
  /** Shows what the previous parameters gave until the new reply is there: for paging and filters. */
  keepPrevious?: boolean;
}

/** The reply of an operation that changes nothing, kept fresh. None of it is use of the session: what a person does is. */
export function useOperation<Name extends ShownOperation>(
  operation: Name,
  params: RequestOf<Name>,
  options: ShowOptions = {},
): UseQueryResult<ReplyOf<Name>> {
  return useQuery<ReplyOf<Name>>({
    queryKey: [operation, params],
    queryFn: ({ signal }) => call(operation, params, { signal, background: true }),
    enabled: options.enabled ?? true,
    refetchInterval: options.every ?? false,
    ...(options.keepPrevious ? { placeholderData: keepPreviousData } : {}),
  });
}

/** Operations that list by page. */
type PagedOperation = {
  [Name in ShownOperation]: string extends keyof RequestOf<Name>
    ? never
    : 'PageSize' extends keyof RequestOf<Name>
      ? Name
      : never;
}[ShownOperation];

interface Stretch {
  /** Which stretch of the list, from 1 on. */
  page: number;
  /** Rows of a stretch. */
  size: number;
  /** The most rows that the operation gives at once, of which `size` is a multiple. */
  most: number;
}

/** The replies that together hold one stretch of a list, where that is more than the contract gives at once. */
export function useStretch<Name extends PagedOperation>(
  operation: Name,
  params: RequestOf<Name>,
  { page, size, most }: Stretch,
  options: ShowOptions = {},
): UseQueryResult<ReplyOf<Name>[]> {
  const parts = size / most;
  return useQuery<ReplyOf<Name>[]>({
    queryKey: [operation, params, { page, size }],
    queryFn: ({ signal }) =>
      Promise.all(
        Array.from({ length: parts }, (_, part) => {
          const paged = { ...params, PageNumber: (page - 1) * parts + part + 1, PageSize: most };
          return call(operation, paged, { signal, background: true });
        }),
      ),
    enabled: options.enabled ?? true,
    refetchInterval: options.every ?? false,
    ...(options.keepPrevious ? { placeholderData: keepPreviousData } : {}),
  });
}

export interface Action<Name extends OperationName> {
  /** Calls the operation. Gives the reply, or `undefined` when it failed; `failure` then says why. */
  run: (params: RequestOf<Name>) => Promise<ReplyOf<Name> | undefined>;
  busy: boolean;
  failure: ApiFailure | null;
  reset: () => void;
}

/**
 * An operation that changes something. What it changed is asked anew: name the operations in `changes`. The reply is handed to
 * the caller and kept nowhere.
 */
export function useAction<Name extends OperationName>(
  operation: Name,
  changes: readonly ShownOperation[] = [],
): Action<Name> {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const running = useRef(false);
  const changed = changes.join(' ');

  const run = useCallback(
    async (params: RequestOf<Name>) => {
      // A second click while the first is under way must not do it twice.
      if (running.current) return undefined;
      running.current = true;
      setBusy(true);
      setFailure(null);
      try {
        return await call(operation, params);
      } catch (error) {
        setFailure(error instanceof ApiFailure ? error : ApiFailure.unreadable(0));
        return undefined;
      } finally {
        running.current = false;
        setBusy(false);
        for (const name of changed.split(' ')) void queries.invalidateQueries({ queryKey: [name] });
      }
    },
    [operation, changed, queries],
  );
  const reset = useCallback(() => setFailure(null), []);
  return { run, busy, failure, reset };
}

/** Forgets what is known of operations, so that pages that show them ask anew. */
export function useRefresh(): (...operations: ShownOperation[]) => void {
  const queries = useQueryClient();
  return useCallback(
    (...operations) => {
      for (const name of operations) void queries.invalidateQueries({ queryKey: [name] });
    },
    [queries],
  );
}
