// Who is signed in.
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { client } from './client';
import { ApiFailure, failureOf, parsed, record } from './failure';
import { linkToken } from './link';

/** A session as the center describes it. */
export interface Session {
  Csrf: string;
  AccountId: string;
  Principal: string;
  UserName: string | null;
  Owner: boolean;
  Emulator: boolean;
  ExpiresAt: string;
  IdleSeconds: number;
  Version: string;
}

export type Credentials = { Token: string } | { AccessKeyId: string; AccessKeySecret: string };

/** Why a session ended that had been there. */
export type Ended = 'left' | 'idle' | 'gone';

export type SessionState =
  | { kind: 'starting' }
  | { kind: 'unknown'; failure: ApiFailure }
  | { kind: 'none'; ended?: Ended | undefined; linkFailure?: ApiFailure | undefined }
  | { kind: 'open'; session: Session };

interface SessionContext {
  state: SessionState;
  start: () => Promise<void>;
  signIn: (credentials: Credentials) => Promise<void>;
  /** Ends the session; where the center did not do that, it throws, and the session is open still. */
  signOut: (why: Ended) => Promise<void>;
  /** Tells the center that someone is here, so that it does not end the session. */
  keepAlive: () => Promise<void>;
}

const Context = createContext<SessionContext | null>(null);

/** Finds out who is signed in, and keeps it. */
export function SessionProvider({ children }: { children: ReactNode }): ReactNode {
  const [state, setState] = useState<SessionState>({ kind: 'starting' });
  const queries = useQueryClient();
  const started = useRef(false);

  const end = useCallback(
    (ended: Ended) => {
      client.csrf = '';
      queries.clear();
      setState({ kind: 'none', ended });
    },
    [queries],
  );

  const open = useCallback(
    (session: Session) => {
      client.csrf = session.Csrf;
      queries.clear();
      setState({ kind: 'open', session });
    },
    [queries],
  );

  const signIn = useCallback(
    async (credentials: Credentials) => {
      const reply = await client.send('/console/session', 'POST', credentials);
      open(sessionIn(reply));
    },
    [open],
  );

  const start = useCallback(async () => {
    setState({ kind: 'starting' });
    const token = linkToken();
    if (token !== null) {
      try {
        await signIn({ Token: token });
        return;
      } catch (error) {
        // Someone who is signed in already stays so; a link opened twice then does no harm.
        setState(await current(asFailure(error)));
        return;
      }
    }
    setState(await current());
  }, [signIn]);

  const signOut = useCallback(
    async (why: Ended) => {
      try {
        const { status, body } = await client.send('/console/session', 'DELETE');
        if (status > 299 && status !== 401) throw failureOf(status, body);
      } catch (error) {
        // Who wants to leave has to know that the session lives on. One that nobody uses ends at the center by itself.
        if (why !== 'idle') throw error;
      }
      end(why);
    },
    [end],
  );

  const keepAlive = useCallback(async () => {
    await client.send('/console/session', 'GET');
  }, []);

  useEffect(() => {
    client.onSessionLost = () => end('gone');
    if (started.current) return;
    started.current = true;
    void start();
  }, [end, start]);

  const value = useMemo(
    () => ({ state, start, signIn, signOut, keepAlive }),
    [state, start, signIn, signOut, keepAlive],
  );
  return <Context value={value}>{children}</Context>;
}

/** What the center says of the cookie that the browser holds. */
async function current(linkFailure?: ApiFailure): Promise<SessionState> {
  try {
    const reply = await client.send('/console/session', 'GET');
    if (reply.status === 401) return { kind: 'none', linkFailure };
    const session = sessionIn(reply);
    client.csrf = session.Csrf;
    return { kind: 'open', session };
  } catch (error) {
    return { kind: 'unknown', failure: asFailure(error) };
  }
}

function sessionIn(reply: { status: number; body: string }): Session {
  if (reply.status !== 200) throw failureOf(reply.status, reply.body);
  const body = record(parsed(reply.body));
  if (typeof body?.Csrf !== 'string' || typeof body.Principal !== 'string') throw ApiFailure.unreadable(200);
  return body as unknown as Session;
}

function asFailure(error: unknown): ApiFailure {
  return error instanceof ApiFailure ? error : ApiFailure.unreachable();
}

/** Who is signed in, and how to change that. */
export function useSessionState(): SessionContext {
  const context = useContext(Context);
  if (!context) throw new Error('a session is used outside of SessionProvider');
  return context;
}

/** The open session; pages are shown only while there is one. */
export function useSession(): Session {
  const { state } = useSessionState();
  if (state.kind !== 'open') throw new Error('there is no session');
  return state.session;
}
