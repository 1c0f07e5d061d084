import { createBrowserRouter, type RouteObject } from 'react-router';
import { NotFound } from './NotFound';
import { RouteFailure } from './RouteFailure';
import { Shell } from './Shell';
import { SignedIn } from './SignedIn';

/**
 * Every page of the console. A page is a folder of src/pages whose index exports one component; it is fetched when it is first
 * gone to. A page with pages of its own ends in `/*` and has its routes inside.
 */
const pages: RouteObject[] = [
  { index: true, lazy: async () => ({ Component: (await import('@/pages/overview')).Overview }) },
  { path: 'tokens/*', lazy: async () => ({ Component: (await import('@/pages/tokens')).Tokens }) },
  { path: 'sources/*', lazy: async () => ({ Component: (await import('@/pages/sources')).Sources }) },
  { path: 'jobs/*', lazy: async () => ({ Component: (await import('@/pages/jobs')).Jobs }) },
  { path: 'images/*', lazy: async () => ({ Component: (await import('@/pages/images')).Images }) },
  { path: 'explorer/*', lazy: async () => ({ Component: (await import('@/pages/explorer')).Explorer }) },
  { path: 'identities/*', lazy: async () => ({ Component: (await import('@/pages/identities')).Identities }) },
  { path: 'audit', lazy: async () => ({ Component: (await import('@/pages/audit')).Audit }) },
  { path: '*', Component: NotFound },
];

export function newRouter(): ReturnType<typeof createBrowserRouter> {
  return createBrowserRouter(
    [
      {
        ErrorBoundary: RouteFailure,
        HydrateFallback: () => null,
        children: [
          { path: 'sign-in', lazy: async () => ({ Component: (await import('@/pages/sign-in')).SignIn }) },
          {
            Component: SignedIn,
            children: [{ Component: Shell, children: [{ ErrorBoundary: RouteFailure, children: pages }] }],
          },
        ],
      },
    ],
    { basename: '/console' },
  );
}
