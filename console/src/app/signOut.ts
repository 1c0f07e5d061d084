// Signing out by hand.
import { notifications } from '@mantine/notifications';
import { useSessionState } from '@/api/session';
import { useTexts } from '@/i18n/context';

/** Signs out, or says that it did not work and that the session is open still. */
export function useSignOut(): () => void {
  const { shell } = useTexts();
  const { signOut } = useSessionState();
  return () => {
    signOut('left').catch(() => {
      notifications.show({
        color: 'red',
        autoClose: false,
        title: shell.signOutFailed,
        message: shell.signOutFailedHint,
      });
    });
  };
}
