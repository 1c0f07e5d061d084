// The stream of news about replication jobs: opened with a ticket that works once, opened again with a new one when it breaks.

export type News =
  | { kind: 'changed'; jobId: string }
  | { kind: 'progress'; jobId: string; progress: Record<string, unknown> }
  /** News may have been missed: whoever shows jobs asks for them anew. */
  | { kind: 'missed' };

export type Link = 'connecting' | 'live' | 'off';

/** The part of `EventSource` that is used. */
export interface Stream {
  addEventListener: (name: string, listen: (event: { data?: unknown }) => void) => void;
  close: () => void;
}

export interface FollowPorts {
  ticket: () => Promise<string>;
  open: (ticket: string) => Stream;
  /** Calls back after some milliseconds; gives what calls it off. */
  later: (callBack: () => void, milliseconds: number) => () => void;
  onNews: (news: News) => void;
  onLink: (link: Link) => void;
}

/** Attempts in a row after which following is given up until the page asks again. */
export const mostAttempts = 12;

/** Follows the news; gives what ends it. */
export function follow(ports: FollowPorts): () => void {
  let stream: Stream | undefined;
  let callOff: (() => void) | undefined;
  let ended = false;
  let failures = 0;
  let before = false;

  const again = (): void => {
    stream?.close();
    stream = undefined;
    if (ended) return;
    failures += 1;
    if (failures >= mostAttempts) {
      ports.onLink('off');
      return;
    }
    ports.onLink('connecting');
    callOff = ports.later(() => void connect(), Math.min(30_000, 500 * 2 ** failures));
  };

  const connect = async (): Promise<void> => {
    let ticket: string;
    try {
      ticket = await ports.ticket();
    } catch {
      again();
      return;
    }
    if (isEnded()) return;
    const opened = ports.open(ticket);
    stream = opened;
    opened.addEventListener('open', () => {
      failures = 0;
      ports.onLink('live');
      if (before) ports.onNews({ kind: 'missed' });
      before = true;
    });
    opened.addEventListener('error', () => {
      if (stream === opened) again();
    });
    for (const name of ['changed', 'progress', 'missed']) {
      opened.addEventListener(name, (event) => {
        const news = newsIn(name, event.data);
        if (news) ports.onNews(news);
      });
    }
  };
  const isEnded = (): boolean => ended;

  ports.onLink('connecting');
  void connect();
  return () => {
    ended = true;
    callOff?.();
    stream?.close();
  };
}

/** Reads an event; `undefined` for what is not as the center writes it. */
export function newsIn(name: string, data: unknown): News | undefined {
  if (name === 'missed') return { kind: 'missed' };
  let said: unknown;
  try {
    said = JSON.parse(String(data));
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const { JobId: jobId, Progress: progress } = said as { JobId?: unknown; Progress?: unknown };
  if (typeof jobId !== 'string') return undefined;
  if (name === 'changed') return { kind: 'changed', jobId };
  if (typeof progress !== 'object' || progress === null) return undefined;
  return { kind: 'progress', jobId, progress: progress as Record<string, unknown> };
}
