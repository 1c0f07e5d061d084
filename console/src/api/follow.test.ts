import { describe, expect, it } from 'vitest';
import { follow, mostAttempts, newsIn, type Link, type News } from './follow';

/** A stream that the test breaks and feeds. */
class Fake {
  listeners = new Map<string, (event: { data?: unknown }) => void>();
  closed = false;
  addEventListener(name: string, listen: (event: { data?: unknown }) => void): void {
    this.listeners.set(name, listen);
  }
  close(): void {
    this.closed = true;
  }
  say(name: string, data?: unknown): void {
    this.listeners.get(name)?.({ data });
  }
}

function following(ticket: () => Promise<string>) {
  const streams: Fake[] = [];
  const news: News[] = [];
  const links: Link[] = [];
  const waits: number[] = [];
  let due: (() => void) | undefined;
  const end = follow({
    ticket,
    open: () => {
      const stream = new Fake();
      streams.push(stream);
      return stream;
    },
    later: (callBack, milliseconds) => {
      waits.push(milliseconds);
      due = callBack;
      return () => (due = undefined);
    },
    onNews: (one) => news.push(one),
    onLink: (link) => links.push(link),
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  const wake = async (): Promise<void> => {
    const callBack = due;
    due = undefined;
    callBack?.();
    await settle();
  };
  return { streams, news, links, waits, end, settle, wake };
}

describe('following', () => {
  it('passes on what it understands', () => {
    expect(newsIn('changed', '{"JobId":"j-1"}')).toEqual({ kind: 'changed', jobId: 'j-1' });
    expect(newsIn('progress', '{"JobId":"j-1","Progress":{"pass":2}}')).toEqual({
      kind: 'progress',
      jobId: 'j-1',
      progress: { pass: 2 },
    });
    for (const bad of ['', '{', '[]', '{"JobId":7}', 'null']) expect(newsIn('progress', bad)).toBeUndefined();
  });

  it('opens again with a new ticket when the stream breaks, and then says that news was missed', async () => {
    let tickets = 0;
    const { streams, news, links, settle, wake } = following(() => Promise.resolve(`t${(tickets += 1)}`));
    await settle();
    streams[0]?.say('open');
    streams[0]?.say('error');
    await wake();
    streams[1]?.say('open');
    expect(tickets).toBe(2);
    expect(streams[0]?.closed).toBe(true);
    expect(links).toEqual(['connecting', 'live', 'connecting', 'live']);
    expect(news).toEqual([{ kind: 'missed' }]);
  });

  it('waits longer each time, and gives up', async () => {
    const { links, waits, settle, wake } = following(() => Promise.reject(new Error('no')));
    await settle();
    for (let turn = 0; turn < mostAttempts + 5; turn += 1) await wake();
    expect(waits.length).toBe(mostAttempts - 1);
    expect(waits[1]).toBeGreaterThan(waits[0] ?? Infinity);
    expect(Math.max(...waits)).toBe(30_000);
    expect(links.at(-1)).toBe('off');
  });

  it('ends with its stream', async () => {
    const { streams, settle, end } = following(() => Promise.resolve('t'));
    await settle();
    end();
    expect(streams[0]?.closed).toBe(true);
  });
});
