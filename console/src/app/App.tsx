import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { RouterProvider } from 'react-router/dom';
import { newQueryClient } from '@/api/queries';
import { SessionProvider } from '@/api/session';
import { TextsProvider } from '@/i18n/context';
import type { Texts } from '@/i18n/en';
import type { Language } from '@/i18n/language';
import { nonce } from './nonce';
import { newRouter } from './routes';
import { theme, variables } from './theme';

interface AppProps {
  language: Language;
  texts: Texts;
}

/** The console: everything that pages may count on, around the pages. */
export function App({ language, texts }: AppProps): ReactNode {
  const [queries] = useState(newQueryClient);
  const [router] = useState(newRouter);
  const [initial] = useState({ language, texts });
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" getStyleNonce={nonce}>
      <TextsProvider initial={initial}>
        <QueryClientProvider client={queries}>
          <SessionProvider>
            <RouterProvider router={router} />
          </SessionProvider>
        </QueryClientProvider>
      </TextsProvider>
    </MantineProvider>
  );
}
