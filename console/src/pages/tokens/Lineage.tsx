// What only DescribeAccessToken tells of a code. The cells of a row share one call.
import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import type { AccessToken } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { When } from '@/ui/When';
import { actorName, uses } from './standing';

/** When a code was last used. One that never was needs no call. */
export function LastUse({ token }: { token: AccessToken }): ReactNode {
  const { tokens } = useTexts();
  const { used } = uses(token);
  const detail = useOperation('DescribeAccessToken', { AccessTokenId: token.AccessTokenId }, { enabled: used > 0 });
  if (used === 0) return <span>{tokens.neverUsed}</span>;
  if (detail.data) return <When time={detail.data.LastUsedTime} away />;
  return <Pending failed={detail.isError} />;
}

/** Who made a code. */
export function Creator({ id }: { id: string }): ReactNode {
  const detail = useOperation('DescribeAccessToken', { AccessTokenId: id });
  if (!detail.data) return <Pending failed={detail.isError} />;
  return <span title={detail.data.CreatedBy}>{actorName(detail.data.CreatedBy)}</span>;
}

/** On its way, or not to be known: an identity may be allowed to list codes and not to see one. */
function Pending({ failed }: { failed: boolean }): ReactNode {
  const { common } = useTexts();
  return failed ? <span>{common.unknown}</span> : <Skeleton height={12} width={72} />;
}
