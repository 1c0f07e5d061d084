import type { UseQueryResult } from '@tanstack/react-query';
import type { ListAccessTokensResponse } from '@/api/generated';
import { useOperation } from '@/api/queries';

/**
 * The codes that are activated, all of them: which ends next cannot be asked for, and an account has no more than its quota of
 * codes that can be used.
 */
export function useActiveCodes(): UseQueryResult<ListAccessTokensResponse> {
  return useOperation('ListAccessTokens', { Status: 'activated' }, { every: 30_000 });
}
