import { Anchor, Group, Loader, Text } from '@mantine/core';
import { IconCircleCheckFilled } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { DescribeAccessTokenResponse } from '@/api/generated';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';
import { When } from '@/ui/When';
import { uses } from './standing';
import classes from './Tokens.module.css';

interface WaitingProps {
  detail: UseQueryResult<DescribeAccessTokenResponse>;
  count: number;
}

/** Waits for servers that import themselves with a code, and turns green as they arrive. */
export function Waiting({ detail, count }: WaitingProps): ReactNode {
  const { waiting } = useTexts().tokens;
  const { data, error } = detail;
  const imported = data ? uses(data).used : 0;
  const sources = data?.Sources.Source ?? [];
  return (
    <section className={classes.waiting} data-arrived={imported > 0 || undefined} aria-label={waiting.title}>
      <Group gap="sm" wrap="nowrap" role="status">
        {imported > 0 ? (
          <IconCircleCheckFilled size={22} color="var(--lf-good)" aria-hidden />
        ) : (
          <Loader size="sm" aria-hidden />
        )}
        <Text fw={550}>{imported > 0 ? waiting.some(imported, count) : waiting.none}</Text>
      </Group>
      {imported === 0 && (
        <Text size="sm" c="dimmed" mt={4}>
          {waiting.noneHint}
        </Text>
      )}
      {error && !data && (
        <>
          <Text size="sm" mt="sm">
            {waiting.failed}
          </Text>
          <Failure failure={error} />
        </>
      )}
      {sources.length > 0 && (
        <ul className={classes.arrivals}>
          {sources.slice(0, 20).map((source) => (
            <li key={source.SourceId}>
              <Anchor component={Link} to={`/sources/${source.SourceId}`} fw={550}>
                {source.Name}
              </Anchor>
              <Text size="sm" c="dimmed" component="span">
                <When time={source.ImportTime} away />
              </Text>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
