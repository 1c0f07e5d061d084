import { Button } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { Empty } from './Empty';
import { Failure } from './Failure';
import { Loading } from './Loading';
import { PageHeader } from './PageHeader';

interface AbsentProps {
  /** What the page is about, as its address names it. */
  id: string;
  up: { to: string; title: string };
  asked: { error: unknown; isPending: boolean; isFetching: boolean; refetch: () => unknown };
  icon: Icon;
  /** What is said when there is no such thing. */
  words: { gone: string; goneHint: string; toList: string };
}

/** The page of one thing while that thing is not there: a failure, the wait for it, or that it is gone. */
export function Absent({ id, up, asked, icon, words }: AbsentProps): ReactNode {
  if (asked.error) {
    return (
      <>
        <PageHeader title={id} up={up} />
        <Failure failure={asked.error} onRetry={() => void asked.refetch()} />
      </>
    );
  }
  if (asked.isPending && asked.isFetching) {
    return (
      <>
        <PageHeader title={id} up={up} />
        <Loading rows={6} />
      </>
    );
  }
  const back = (
    <Button component={Link} to={up.to} variant="default">
      {words.toList}
    </Button>
  );
  return (
    <>
      <PageHeader title={words.gone} up={up} />
      <Empty icon={icon} title={words.goneHint} action={back} />
    </>
  );
}
