import { Anchor, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { useAction, useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { ConfirmByName } from '@/ui/ConfirmByName';
import { StateBadge } from '@/ui/StateBadge';
import classes from './Tokens.module.css';

export type Ending = 'disable' | 'delete';

interface EndDialogProps {
  how: Ending;
  id: string;
  name: string;
  onClose: () => void;
  onDone?: () => void;
}

/** Asks before a code is disabled or deleted, and says what stays. */
export function EndDialog({ how, id, name, onClose, onDone }: EndDialogProps): ReactNode {
  const { end } = useTexts().tokens;
  const disable = useAction('DisableAccessToken', ['ListAccessTokens', 'DescribeAccessToken', 'ListAuditEvents']);
  // A code that is gone is not asked for again.
  const remove = useAction('DeleteAccessToken', ['ListAccessTokens']);
  const action = how === 'disable' ? disable : remove;
  const confirm = async (): Promise<void> => {
    const reply = await action.run({ AccessTokenId: id });
    if (!reply) return;
    notifications.show({ message: how === 'disable' ? end.disabled(name) : end.deleted(name) });
    onClose();
    onDone?.();
  };
  return (
    <ConfirmByName
      opened
      onClose={onClose}
      title={how === 'disable' ? end.disableTitle(name) : end.deleteTitle(name)}
      action={how === 'disable' ? end.disable : end.delete}
      busy={action.busy}
      failure={action.failure}
      onConfirm={() => void confirm()}
    >
      <Stack gap="sm">
        <Text>{how === 'disable' ? end.disableText : end.deleteText}</Text>
        <Staying id={id} />
      </Stack>
    </ConfirmByName>
  );
}

/** The servers that a code imported; they stay. */
function Staying({ id }: { id: string }): ReactNode {
  const { end, waiting } = useTexts().tokens;
  const [shown, setShown] = useState(false);
  const detail = useOperation('DescribeAccessToken', { AccessTokenId: id });
  if (!detail.data) return <Text fw={550}>{end.stayUnknown}</Text>;
  const { SourceCount: count, Sources } = detail.data;
  return (
    <div>
      <Text fw={550}>
        {end.stay(count)}{' '}
        {count > 0 && (
          <Anchor component="button" type="button" aria-expanded={shown} onClick={() => setShown(!shown)}>
            {shown ? end.hide : end.show}
          </Anchor>
        )}
      </Text>
      {shown && (
        <ul className={classes.arrivals}>
          {Sources.Source.map((source) => (
            <li key={source.SourceId}>
              <Anchor component={Link} to={`/sources/${source.SourceId}`}>
                {source.Name}
              </Anchor>
              <StateBadge kind="source" state={source.State} />
            </li>
          ))}
        </ul>
      )}
      {shown && count > Sources.Source.length && (
        <Text size="sm" c="dimmed">
          {waiting.newest(Sources.Source.length, count)}
        </Text>
      )}
    </div>
  );
}
