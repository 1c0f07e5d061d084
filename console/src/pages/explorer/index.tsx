import { Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { useTexts } from '@/i18n/context';
import { PageHeader } from '@/ui/PageHeader';
import { Debugger } from './Debugger';
import { ErrorCodes } from './ErrorCodes';
import { Operations } from './Operations';

type Tab = 'operations' | 'errors' | 'signature';

/** The API explorer: `/explorer/<Action>`, `/explorer/errors#<Code>`, `/explorer/signature`. */
export function Explorer(): ReactNode {
  const { explorer } = useTexts();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const place = /^\/explorer\/?([^/]*)/.exec(pathname)?.[1] ?? '';
  const tab: Tab = place === 'errors' || place === 'signature' ? place : 'operations';
  return (
    <>
      <PageHeader title={explorer.title} lead={explorer.intro} />
      <Tabs
        value={tab}
        onChange={(chosen) => void navigate(chosen === 'operations' ? '/explorer' : `/explorer/${chosen ?? ''}`)}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="operations">{explorer.tabs.operations}</Tabs.Tab>
          <Tabs.Tab value="errors">{explorer.tabs.errors}</Tabs.Tab>
          <Tabs.Tab value="signature">{explorer.tabs.debugger}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="operations">
          <Operations action={tab === 'operations' ? place : ''} />
        </Tabs.Panel>
        <Tabs.Panel value="errors">{tab === 'errors' && <ErrorCodes />}</Tabs.Panel>
        <Tabs.Panel value="signature">
          <Debugger />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
