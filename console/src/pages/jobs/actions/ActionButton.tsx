import { Button, Tooltip, VisuallyHidden } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface ActionButtonProps {
  icon: Icon;
  label: string;
  /** Why it cannot be done now; `null` when it can. */
  reason: string | null;
  primary?: boolean;
  busy?: boolean;
  onClick: () => void;
}

/** A button that, while it does nothing, says why: to the mouse, the finger, the keyboard and the screen reader. */
export function ActionButton({ icon: Icon, label, reason, primary, busy, onClick }: ActionButtonProps): ReactNode {
  const refused = reason !== null;
  return (
    <Tooltip label={reason} disabled={!refused} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
      <Button
        variant={primary ? 'filled' : 'default'}
        leftSection={<Icon size={16} aria-hidden />}
        loading={busy ?? false}
        aria-disabled={refused}
        data-disabled={refused}
        onClick={(event) => {
          if (refused) event.preventDefault();
          else onClick();
        }}
      >
        {label}
        {refused && <VisuallyHidden>({reason})</VisuallyHidden>}
      </Button>
    </Tooltip>
  );
}
