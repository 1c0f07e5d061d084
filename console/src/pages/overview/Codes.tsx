import { Anchor, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';
import { Loading } from '@/ui/Loading';
import { Panel } from '@/ui/Panel';
import { useNow } from '@/ui/When';
import { codeFigures } from './matters';
import { useActiveCodes } from './useActiveCodes';
import classes from './Overview.module.css';

/** How the activation codes stand together. */
export function Codes(): ReactNode {
  const { codes: words } = useTexts().overview;
  const codes = useActiveCodes();
  const now = useNow(60_000);
  const figures = codes.data && codeFigures(codes.data.AccessTokens.AccessToken, new Date(now));
  const rows: [string, number, boolean][] = figures
    ? [
        [words.active, figures.usable, false],
        [words.expiring, figures.expiring, figures.expiring > 0],
        [words.spent, figures.spent, false],
      ]
    : [];
  return (
    <Panel
      title={words.title}
      actions={
        <Anchor component={Link} to="/tokens" size="sm">
          {words.show}
        </Anchor>
      }
    >
      {figures ? (
        <>
          <dl className={classes.codes}>
            {rows.map(([term, count, warn]) => (
              <div key={term} style={{ display: 'contents' }}>
                <dt>{term}</dt>
                <dd data-tone={warn ? 'wait' : undefined}>{count.toLocaleString('en')}</dd>
              </div>
            ))}
          </dl>
          <Text size="sm" c="dimmed" mt="sm">
            {figures.usable === 0 ? words.none : words.usesLeft(figures.usesLeft)}
          </Text>
        </>
      ) : codes.error ? (
        <Failure failure={codes.error} />
      ) : (
        <Loading rows={3} />
      )}
    </Panel>
  );
}
