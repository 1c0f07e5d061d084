import { Alert, Button, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconLock, IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiFailure } from '@/api/failure';
import { useTexts } from '@/i18n/context';
import type { Texts } from '@/i18n/en';
import { ErrorCode } from './ErrorCode';
import { useErrorEntry } from './remedies';

interface FailureProps {
  failure: unknown;
  onRetry?: (() => void) | undefined;
  /** What was known before is shown still, and may be out of date. */
  stale?: boolean;
}

/** A call that did not succeed: what happened, and what to do. Names the permission when one is missing. */
export function Failure({ failure, onRetry, stale = false }: FailureProps): ReactNode {
  const texts = useTexts();
  const { title, text, hint, icon: Icon } = explain(failure, texts);
  return (
    <Alert
      color="red"
      variant="light"
      icon={<Icon size={20} aria-hidden />}
      title={stale ? texts.failure.stale : title}
      role="alert"
      w="100%"
      maw={720}
    >
      <Stack gap="xs" align="flex-start">
        {stale && <Text>{title}</Text>}
        {text !== '' && <Text>{text}</Text>}
        {hint !== '' && <Text>{hint}</Text>}
        {failure instanceof ApiFailure && failure.status !== 0 && <Code failure={failure} remedied={hint !== ''} />}
        {onRetry && (
          <Button variant="default" size="xs" onClick={onRetry}>
            {texts.common.retry}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** What to do about the code, where nothing better was said, and the code with the id to ask about. */
function Code({ failure, remedied }: { failure: ApiFailure; remedied: boolean }): ReactNode {
  const { failure: words } = useTexts();
  const { code, requestId } = failure;
  const entry = useErrorEntry(code);
  const own = (words.remedies as Record<string, string>)[code];
  return (
    <>
      {!remedied && (own ?? entry) !== undefined && (
        <Text>
          <strong>{words.remedy}:</strong> {own ?? <span lang="en">{entry?.remedy}</span>}
        </Text>
      )}
      <Text size="xs" c="dimmed" className="mono">
        {entry ? <ErrorCode code={code} /> : code}
        {requestId !== '' && ` · ${requestId}`}
      </Text>
    </>
  );
}

/** A failure in one line, for where there is no room for more. */
export function useFailureLine(failure: unknown): string | undefined {
  const { title, text, hint } = explain(failure, useTexts());
  return failure === null || failure === undefined ? undefined : `${title}. ${hint || text}`.trim();
}

interface Explanation {
  title: string;
  text: string;
  hint: string;
  icon: typeof IconLock;
}

function explain(failure: unknown, { failure: words }: Texts): Explanation {
  if (!(failure instanceof ApiFailure)) {
    return { title: words.title, text: words.unreadable, hint: '', icon: IconAlertTriangle };
  }
  if (failure.denied) {
    const { action, explicit } = failure.denied;
    const hint = explicit ? words.deniedExplicit(action) : words.deniedHint(action);
    return { title: words.denied, text: '', hint, icon: IconLock };
  }
  if (failure.status === 0) {
    return { title: words.network, text: '', hint: words.networkHint, icon: IconPlugConnectedX };
  }
  if (failure.code === 'Unreadable') {
    return { title: words.title, text: words.unreadable, hint: '', icon: IconAlertTriangle };
  }
  return { title: words.title, text: failure.message, hint: '', icon: IconAlertTriangle };
}
