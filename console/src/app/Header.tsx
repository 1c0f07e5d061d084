import { ActionIcon, Burger, Menu, Tooltip, useMantineColorScheme } from '@mantine/core';
import {
  IconCheck,
  IconDeviceDesktop,
  IconKeyboard,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconSun,
  IconUserCircle,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useSession } from '@/api/session';
import { useLanguage, useTexts } from '@/i18n/context';
import { languages, type Language } from '@/i18n/language';
import { StateBadge } from '@/ui/StateBadge';
import classes from './Shell.module.css';
import { showShortcuts } from './keys';
import { useSignOut } from './signOut';

const schemes = [
  ['light', IconSun],
  ['dark', IconMoon],
  ['auto', IconDeviceDesktop],
] as const;

/** The bar over the page: who is signed in, language, appearance. */
export function Header({ open, onToggle }: { open: boolean; onToggle: () => void }): ReactNode {
  const { shell } = useTexts();
  const session = useSession();
  return (
    <div className={classes.bar}>
      <Burger opened={open} onClick={onToggle} hiddenFrom="md" size="sm" aria-label={shell.openNavigation} />
      {session.Emulator && (
        <Tooltip label={shell.emulatorHint} multiline w={240}>
          <span tabIndex={0} role="note" aria-description={shell.emulatorHint}>
            <StateBadge tone="wait" label={shell.emulator} />
          </span>
        </Tooltip>
      )}
      <div style={{ flex: 1 }} />
      <Tooltip label={shell.shortcuts}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          visibleFrom="sm"
          aria-label={shell.shortcutsOpen}
          onClick={showShortcuts}
        >
          <IconKeyboard size={20} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
      <LanguageMenu />
      <SchemeMenu />
      <AccountMenu />
    </div>
  );
}

/** The choice of the language; also on the sign-in page. */
export function LanguageMenu(): ReactNode {
  const { shell } = useTexts();
  const { language, setLanguage } = useLanguage();
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={shell.language}>
          <IconLanguage size={20} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(languages) as Language[]).map((one) => (
          <Menu.Item
            key={one}
            lang={one}
            onClick={() => void setLanguage(one)}
            rightSection={one === language && <IconCheck size={16} aria-hidden />}
          >
            {languages[one]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** The choice between light and dark; also on the sign-in page. */
export function SchemeMenu(): ReactNode {
  const { shell } = useTexts();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Current = schemes.find(([scheme]) => scheme === colorScheme)?.[1] ?? IconDeviceDesktop;
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={shell.scheme}>
          <Current size={20} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {schemes.map(([scheme, Icon]) => (
          <Menu.Item
            key={scheme}
            onClick={() => setColorScheme(scheme)}
            leftSection={<Icon size={16} aria-hidden />}
            rightSection={scheme === colorScheme && <IconCheck size={16} aria-hidden />}
          >
            {shell.schemes[scheme]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function AccountMenu(): ReactNode {
  const { shell } = useTexts();
  const session = useSession();
  const signOut = useSignOut();
  const role = session.Owner ? shell.owner : shell.user;
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={shell.account}>
          <IconUserCircle size={22} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {shell.signedInAs}
          <div className={classes.who}>{session.UserName ?? role}</div>
          <div className={`${classes.account ?? ''} mono`}>{session.Principal}</div>
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={signOut}>
          {shell.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
