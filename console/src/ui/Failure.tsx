import { Alert, Button, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconLock, IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiFailure } from '@/api/failure';
import { useTexts } from '@/i18n/context';
import type { Texts } from '@/i18n/en';

interface FailureProps {
  failure: unknown;
  onRetry?: (() => void) | undefined;
}

/** A call that did not succeed: what happened, and what to do. Names the permission when one is missing. */
export function Failure({ failure, onRetry }: FailureProps): ReactNode {
  const texts = useTexts();
  const { title, text, hint, icon: Icon } = explain(failure, texts);
  return (
    <Alert
      color="red"
      variant="light"
      icon={<Icon size={20} aria-hidden />}
      title={title}
      role="alert"
      w="100%"
      maw={720}
    >
      <Stack gap="xs" align="flex-start">
        {text !== '' && <Text>{text}</Text>}
        {hint !== '' && <Text>{hint}</Text>}
        {failure instanceof ApiFailure && failure.status !== 0 && (
          <Text size="xs" c="dimmed" className="mono">
            {failure.code}
            {failure.requestId !== '' && ` · ${failure.requestId}`}
          </Text>
        )}
        {onRetry && (
          <Button variant="default" size="xs" onClick={onRetry}>
            {texts.common.retry}
          </Button>
        )}
      </Stack>
    </Alert>
  );
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
