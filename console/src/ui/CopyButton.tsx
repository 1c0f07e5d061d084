import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useTexts } from '@/i18n/context';

interface CopyButtonProps {
  value: string;
  /** A button with words; without, an icon that `name` is said for. */
  label?: string;
  name?: string;
  /** Told when the text is in the clipboard. */
  onCopied?: () => void;
}

/** Copies a text. Also where the page is not served over TLS, which keeps the clipboard from it. */
export function CopyButton({ value, label, name, onCopied }: CopyButtonProps): ReactNode {
  const { common } = useTexts();
  const [done, setDone] = useState<'copied' | 'failed' | null>(null);
  useEffect(() => {
    if (done === null) return;
    const timer = setTimeout(() => setDone(null), 2_000);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async (): Promise<void> => {
    const worked = await copied(value);
    setDone(worked ? 'copied' : 'failed');
    if (worked) onCopied?.();
  };
  const said = done === 'copied' ? common.copied : done === 'failed' ? common.copyFailed : (name ?? common.copy);
  const Icon = done === 'copied' ? IconCheck : done === 'failed' ? IconAlertTriangle : IconCopy;
  if (label !== undefined) {
    return (
      <Button variant="default" leftSection={<Icon size={16} aria-hidden />} onClick={() => void copy()}>
        {done === null ? label : said}
      </Button>
    );
  }
  return (
    <Tooltip label={said} {...(done === null ? {} : { opened: true })}>
      <ActionIcon
        variant="subtle"
        color={done === 'failed' ? 'red' : 'gray'}
        aria-label={said}
        onClick={() => void copy()}
      >
        <Icon size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

async function copied(value: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    return copiedBySelection(value);
  }
}

/** The old way, which works without a secure context. */
function copiedBySelection(value: string): boolean {
  const area = document.createElement('textarea');
  area.value = value;
  area.readOnly = true;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  // Inside of an open dialog, whose focus trap would take the selection away elsewhere.
  (document.activeElement?.closest('[role="dialog"]') ?? document.body).append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else copies over plain HTTP
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
