import { Center, Loader } from '@mantine/core';
import type { ReactNode } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { useSessionState } from '@/api/session';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';

/** Shows what is inside of it to those who are signed in; others sign in first and come back to where they were. */
export function SignedIn(): ReactNode {
  const { state, start } = useSessionState();
  const texts = useTexts();
  const location = useLocation();
  switch (state.kind) {
    case 'open':
      return <Outlet />;
    case 'none':
      return <Navigate to="/sign-in" replace state={{ from: location.pathname + location.search + location.hash }} />;
    case 'starting':
      return (
        <Center mih="100vh">
          <Loader role="status" aria-label={texts.common.loading} />
        </Center>
      );
    case 'unknown':
      return (
        <Center mih="100vh" p="md">
          <Failure failure={state.failure} onRetry={() => void start()} />
        </Center>
      );
  }
}
