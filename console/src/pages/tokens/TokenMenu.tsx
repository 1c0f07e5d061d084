import { ActionIcon, Menu } from '@mantine/core';
import { IconBan, IconDots, IconListDetails, IconTrash } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import type { AccessToken } from '@/api/generated';
import { useTexts } from '@/i18n/context';
import { EndDialog, type Ending } from './EndDialog';
import { nameOr } from './standing';

/** What can be done with a code of the list. */
export function TokenMenu({ token }: { token: AccessToken }): ReactNode {
  const { tokens, common } = useTexts();
  const [ending, setEnding] = useState<Ending | null>(null);
  const name = nameOr(token.Name, token.AccessTokenId);
  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`${common.more}: ${name}`}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={Link}
            to={`/tokens/${token.AccessTokenId}`}
            leftSection={<IconListDetails size={16} aria-hidden />}
          >
            {tokens.open}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconBan size={16} aria-hidden />}
            disabled={token.Status !== 'activated'}
            onClick={() => setEnding('disable')}
          >
            {tokens.disable}
          </Menu.Item>
          <Menu.Item
            color="var(--lf-bad)"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={() => setEnding('delete')}
          >
            {tokens.delete}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {ending && <EndDialog how={ending} id={token.AccessTokenId} name={name} onClose={() => setEnding(null)} />}
    </>
  );
}
