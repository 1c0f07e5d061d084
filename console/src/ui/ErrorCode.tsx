import { Anchor } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { errorPath } from '@/explorer/paths';

/** An error code, which leads to what there is to know of it. */
export function ErrorCode({ code }: { code: string }): ReactNode {
  return (
    <Anchor component={Link} to={errorPath(code)} className="mono" inherit underline="always">
      {code}
    </Anchor>
  );
}
