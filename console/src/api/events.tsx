import { createContext, useContext, useEffect, useEffectEvent, useMemo, useRef, useState, type ReactNode } from 'react';
import { call } from './client';
import { follow, type Link, type News } from './follow';

type Listener = (news: News) => void;

interface Following {
  listen: (listener: Listener) => () => void;
  link: Link;
}

const Context = createContext<Following | null>(null);

/** Holds the page's one stream of news, open while a page listens. */
export function EventsProvider({ children }: { children: ReactNode }): ReactNode {
  const [link, setLink] = useState<Link>('off');
  const [wanted, setWanted] = useState(false);
  const listeners = useRef(new Set<Listener>());

  useEffect(() => {
    if (!wanted) return;
    return follow({
      // The page connects again by itself, which keeps no session open.
      ticket: async () => (await call('FollowReplicationJobs', {}, { background: true })).Ticket,
      open: (ticket) => new EventSource(`/events?Ticket=${encodeURIComponent(ticket)}`),
      later: (callBack, milliseconds) => {
        const timer = setTimeout(callBack, milliseconds);
        return () => clearTimeout(timer);
      },
      onNews: (news) => {
        for (const listener of listeners.current) listener(news);
      },
      onLink: setLink,
    });
  }, [wanted]);

  const value = useMemo(
    () => ({
      link,
      listen: (listener: Listener) => {
        listeners.current.add(listener);
        setWanted(true);
        return () => {
          listeners.current.delete(listener);
          if (listeners.current.size === 0) setWanted(false);
        };
      },
    }),
    [link],
  );
  return <Context value={value}>{children}</Context>;
}

/** Calls back with news of replication jobs; gives how the connection stands. `off` means: ask at intervals instead. */
export function useEvents(onNews: Listener): Link {
  const following = useContext(Context);
  if (!following) throw new Error('events are used outside of EventsProvider');
  const { listen } = following;
  const latest = useEffectEvent(onNews);
  const listenOnce = useRef(listen);
  useEffect(() => listenOnce.current((news) => latest(news)), []);
  return following.link;
}
