import { describe, expect, it } from 'vitest';
import { figuresOf, type Figures } from './figures';
import { noted, nothingYet, summary, timeLeft, type History } from './rates';

function figures(pass: number, rate: number, left = 1000): Figures {
  const disks = [{ disk: 0, bytes_total: 1000, bytes_left: left }];
  const made = figuresOf({ phase: pass === 1 ? 'full' : 'changes', pass, disks, bytes_per_second: rate });
  if (!made) throw new Error('no figures');
  return made;
}

/** A history with a figure every second from the given moment on. */
function watched(history: History, pass: number, rates: readonly number[], from: number): History {
  return rates.reduce((all, rate, index) => noted(all, figures(pass, rate), from + index * 1000), history);
}

describe('a rate', () => {
  it('is not shown before it was measured for three seconds', () => {
    const early = watched(nothingYet, 1, [9_999_999, 100, 100], 10_000);
    expect(early.rate).toBeUndefined();
    expect(timeLeft(early, figures(1, 100))).toBeUndefined();
    expect(watched(early, 1, [100], 13_000).rate).toBeDefined();
  });

  it('leaves the first figure of a pass out and is calm afterwards', () => {
    const history = watched(nothingYet, 1, [9_999_999, 100, 100, 100, 100, 200], 10_000);
    expect(history.rate).toBeGreaterThan(100);
    expect(history.rate).toBeLessThan(125);
  });

  it('is measured anew in each pass, and the chart has a gap there', () => {
    const first = watched(nothingYet, 1, Array<number>(8).fill(100), 10_000);
    const second = watched(first, 2, [5, 5], 20_000);
    expect(second.rate).toBeUndefined();
    expect(second.samples.at(-2)?.rate).toBeUndefined();
    expect(second.samples.length).toBe(first.samples.length + 2);
  });

  it('tells how long the pass still takes', () => {
    const history = watched(nothingYet, 1, Array<number>(8).fill(100), 10_000);
    expect(timeLeft(history, figures(1, 100, 500))).toBeCloseTo(5000, 0);
  });

  it('is that of sending while nothing is read', () => {
    const [before, after] = [0, 2_000_000].map((sent) => ({ ...figures(1, 0), sent }));
    if (!before || !after) throw new Error('no figures');
    let history = watched(nothingYet, 1, [0, 0, 0, 0], 10_000);
    history = noted(noted(history, before, 14_000), after, 15_000);
    expect(history.rate).toBeGreaterThan(0);
  });

  it('of a stalled copy gives no time at all', () => {
    const history = watched(nothingYet, 1, Array<number>(8).fill(0), 10_000);
    expect(timeLeft(history, figures(1, 0))).toBeUndefined();
  });

  it('takes no more than two figures a second, and no more points than a chart needs', () => {
    let history = nothingYet;
    for (let at = 10_000; at < 2_000_000; at += 250) history = noted(history, figures(1, 100), at);
    expect(history.samples.length).toBeLessThanOrEqual(600);
    expect(history.samples[0]?.at).toBe(10_000);
    expect(history.samples.at(-1)?.at).toBeGreaterThan(1_999_000);
  });
});

describe('the summary of a chart', () => {
  it('is of what was measured, and none of nothing', () => {
    const at = (rate: number | undefined) => ({ at: 0, rate, dirty: undefined });
    expect(summary([at(undefined), at(1), at(3), at(undefined)])).toEqual({ least: 1, mean: 2, most: 3 });
    expect(summary([at(undefined), at(1)])).toBeUndefined();
  });
});
