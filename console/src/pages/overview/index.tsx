import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { Loading } from '@/ui/Loading';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { Attention } from './Attention';
import { Codes } from './Codes';
import classes from './Overview.module.css';
import { Running } from './Running';
import { Start } from './Start';
import { States } from './States';

/** The migration at a glance: what there is, what goes on, and what needs a person. */
export function Overview(): ReactNode {
  const { overview } = useTexts();
  const sources = useOperation('DescribeSourceServers', { PageSize: 1 }, { every: 15_000 });
  const codes = useOperation('ListAccessTokens', { PageNumber: 1, PageSize: 1 }, { every: 15_000 });
  const begun = sources.data?.TotalCount !== 0 || codes.data?.TotalCount !== 0;
  // Until both are answered it is not known which of the two pages this is.
  const known = (sources.data ?? sources.error) && (codes.data ?? codes.error);
  return (
    <>
      <PageHeader title={overview.title} lead={overview.lead} />
      {!known ? (
        <Panel>
          <Loading rows={6} />
        </Panel>
      ) : begun ? (
        <div className={classes.page}>
          <Stack gap="md" className={classes.main}>
            <States />
            <Running />
          </Stack>
          <Stack gap="md">
            <Attention />
            <Codes />
          </Stack>
        </div>
      ) : (
        <Start />
      )}
    </>
  );
}
