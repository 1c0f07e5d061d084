import { Anchor } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';
import { Loading } from '@/ui/Loading';
import { Panel } from '@/ui/Panel';
import { toneOf } from '@/ui/states';
import { states, type SourceState } from '../sources/find';
import classes from './Overview.module.css';

/** How many sources are in a state: the total of a page of one. */
function useCount(state: SourceState): { count: number | undefined; error: unknown } {
  const page = useOperation('DescribeSourceServers', { State: state, PageSize: 1 }, { every: 15_000 });
  return { count: page.data?.TotalCount, error: page.error };
}

/** The sources by state. */
export function States(): ReactNode {
  const { overview, states: words } = useTexts();
  const counted = [useCount('Available'), useCount('InUse'), useCount('Unavailable'), useCount('Deleting')];
  const failed = counted.find(({ count, error }) => count === undefined && error);
  const all = counted.reduce((sum, { count }) => sum + (count ?? 0), 0);
  const known = counted.every(({ count }) => count !== undefined);
  return (
    <Panel
      title={overview.sources.title}
      actions={
        <Anchor component={Link} to="/sources" size="sm">
          {known ? overview.sources.all(all) : overview.sources.title}
        </Anchor>
      }
    >
      {failed ? (
        <Failure failure={failed.error} />
      ) : !known ? (
        <Loading rows={2} />
      ) : (
        <>
          <div className={classes.bar} aria-hidden>
            {states.map((state, at) => {
              const count = counted[at]?.count ?? 0;
              return count === 0 ? null : (
                <div
                  key={state}
                  className={classes.toned}
                  data-tone={toneOf('source', state)}
                  style={{ flex: `${count} 0 0` }}
                />
              );
            })}
          </div>
          <div className={classes.states}>
            {states.map((state, at) => {
              const count = counted[at]?.count ?? 0;
              return (
                <Link
                  key={state}
                  className={classes.state}
                  to={`/sources?state=${state}`}
                  title={overview.sources.show(count, words.source[state])}
                >
                  <span className={classes.count} data-none={count === 0 || undefined}>
                    {count.toLocaleString('en')}
                  </span>
                  <span className={classes.stateName}>
                    <i className={`${classes.dot ?? ''} ${classes.toned ?? ''}`} data-tone={toneOf('source', state)} />
                    {words.source[state]}
                  </span>
                </Link>
              );
            })}
          </div>
        </>
      )}
    </Panel>
  );
}
