import { AppShell } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Notifications } from '@mantine/notifications';
import { useEffect, type ReactNode } from 'react';
import { Outlet, useLocation } from 'react-router';
import { EventsProvider } from '@/api/events';
import { useTexts } from '@/i18n/context';
import { Header } from './Header';
import { IdleWarning } from './IdleWarning';
import { Navigation } from './Navigation';
import classes from './Shell.module.css';
import { Shortcuts } from './Shortcuts';

/** The frame around every page: where one is, who one is, and where one can go. */
export function Shell(): ReactNode {
  const { shell } = useTexts();
  const [open, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  useEffect(close, [pathname, close]);
  return (
    <EventsProvider>
      <a className={classes.skip} href="#content">
        {shell.skip}
      </a>
      <AppShell
        layout="alt"
        header={{ height: 56 }}
        navbar={{ width: 232, breakpoint: 'md', collapsed: { mobile: !open } }}
        padding={{ base: 'md', md: 'lg' }}
      >
        <AppShell.Header className={classes.header}>
          <Header open={open} onToggle={toggle} />
        </AppShell.Header>
        <AppShell.Navbar className={classes.rail} aria-label={shell.navigation}>
          <Navigation open={open} onClose={close} />
        </AppShell.Navbar>
        <AppShell.Main className={classes.main} id="content" tabIndex={-1}>
          <div className={classes.content}>
            <Outlet />
          </div>
        </AppShell.Main>
      </AppShell>
      <Shortcuts />
      <IdleWarning />
      <Notifications position="bottom-right" limit={3} />
    </EventsProvider>
  );
}
