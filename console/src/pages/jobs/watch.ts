// The figures of one job while its page is open, from events or, where there are none, from asking again and again.
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { useEvents } from '@/api/events';
import type { Link } from '@/api/follow';
import type { ReplicationJob } from '@/api/generated';
import { useRefresh } from '@/api/queries';
import { figuresIn, figuresOf, type Figures } from './logic/figures';
import { noted, nothingYet, type History } from './logic/rates';

export interface Watched {
  figures: Figures | undefined;
  history: History;
}

/** Holds what was seen of a job, outside of React, since it comes from outside. */
export class Watch {
  #now: Watched = { figures: undefined, history: nothingYet };
  readonly #listeners = new Set<() => void>();

  readonly note = (figures: Figures, at: number): void => {
    this.#become({ figures, history: noted(this.#now.history, figures, at) });
  };

  /** The run is in another state than the figures tell of; what was measured stays. */
  readonly forget = (): void => this.#become({ ...this.#now, figures: undefined });

  /** Another run begins, which has nothing of the one before. */
  readonly restart = (): void => this.#become({ figures: undefined, history: nothingYet });

  readonly #become = (now: Watched): void => {
    this.#now = now;
    for (const listener of this.#listeners) listener();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly now = (): Watched => this.#now;
}

/** News come several times a second; a list is not asked for more often than this. */
const apart = 2_000;

/** Asks for jobs anew when news of one that is `shown` come in. */
export function useFreshJobs(shown: (jobId: string) => boolean): Link {
  const refresh = useRefresh();
  const last = useRef(0);
  return useEvents((news) => {
    if (news.kind !== 'missed' && !shown(news.jobId)) return;
    if (news.kind === 'progress' && Date.now() - last.current < apart) return;
    last.current = Date.now();
    refresh('DescribeReplicationJobs');
    if (news.kind !== 'progress') refresh('DescribeImages');
  });
}

/** What is known of the run of a job, live while it runs; the page has to be keyed by the job. */
export function useWatched(job: ReplicationJob): Watched & { link: Link } {
  const { JobId: jobId = '', StatusInfo: statusInfo } = job;
  const running = job.Status === 'Running';
  // While a run copies or its image is made, figures that were heard are newer than what was asked for.
  const told = running && ['Syncing', 'Processing'].includes(job.BusinessStatus ?? 'Syncing');
  const [watch] = useState(() => new Watch());
  const watched = useSyncExternalStore(watch.subscribe, watch.now);
  const link = useFreshJobs((id) => id === jobId);
  useEvents((news) => {
    if (news.kind !== 'missed' && news.jobId !== jobId) return;
    if (news.kind !== 'progress') {
      watch.forget();
      return;
    }
    const figures = figuresOf(news.progress);
    if (figures) watch.note(figures, Date.now());
  });
  const asked = useMemo(() => figuresIn(statusInfo), [statusInfo]);
  useEffect(() => {
    if (asked && running && link !== 'live') watch.note(asked, Date.now());
  }, [asked, running, link, watch]);
  useEffect(() => {
    if (!running) watch.restart();
  }, [running, watch]);
  return { history: watched.history, figures: told ? (watched.figures ?? asked) : asked, link };
}
