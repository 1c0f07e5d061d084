import { Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import { Route, Routes, useLocation, useNavigate } from 'react-router';
import { NotFound } from '@/app/NotFound';
import { useTexts } from '@/i18n/context';
import { PageHeader } from '@/ui/PageHeader';
import { KeyList } from './KeyList';
import { PolicyList } from './PolicyList';
import { PolicyPage } from './PolicyPage';
import { Tester } from './Tester';
import { UserList } from './UserList';
import { UserPage } from './UserPage';

/** Who may call the center, with which keys, and what for. */
export function Identities(): ReactNode {
  return (
    <Routes>
      <Route index element={<Lists tab="users" />} />
      <Route path="keys" element={<Lists tab="keys" />} />
      <Route path="policies" element={<Lists tab="policies" />} />
      <Route path="tester" element={<Lists tab="tester" />} />
      <Route path="users/:name" element={<UserPage />} />
      <Route path="policies/:name" element={<PolicyPage />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

const tabs = ['users', 'keys', 'policies', 'tester'] as const;

function Lists({ tab }: { tab: (typeof tabs)[number] }): ReactNode {
  const { identities } = useTexts();
  const navigate = useNavigate();
  const { key } = useLocation();
  const go = (to: string | null): void =>
    void navigate(to === null || to === 'users' ? '/identities' : `/identities/${to}`);
  return (
    <>
      <PageHeader title={identities.title} lead={identities.lead} />
      <Tabs value={tab} onChange={go} keepMounted={false} id={`identities-${key}`}>
        <Tabs.List mb="md" style={{ flexWrap: 'nowrap', overflowX: 'auto', overflowY: 'hidden' }}>
          {tabs.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {identities.tabs[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="users">
          <UserList />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <KeyList />
        </Tabs.Panel>
        <Tabs.Panel value="policies">
          <PolicyList />
        </Tabs.Panel>
        <Tabs.Panel value="tester">
          <Tester />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
