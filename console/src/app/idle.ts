/** What the time since someone last did something calls for. */
export type Idle = { kind: 'here'; keepAlive: boolean } | { kind: 'warn'; seconds: number } | { kind: 'leave' };

/** Seconds before the end at which a person is asked. */
export const warnSeconds = 120;

/** Seconds after which a session in use is renewed although no page called anything. */
export const renewSeconds = 240;

/** Decides, from times in milliseconds: now, the last deed of the person, and the last renewal. */
export function idleness(now: number, deed: number, renewed: number, idleSeconds: number): Idle {
  const left = idleSeconds - (now - deed) / 1_000;
  if (left <= 0) return { kind: 'leave' };
  if (left <= Math.min(warnSeconds, idleSeconds / 2)) return { kind: 'warn', seconds: Math.ceil(left) };
  const overdue = now - renewed >= Math.min(renewSeconds, idleSeconds / 4) * 1_000;
  return { kind: 'here', keepAlive: overdue && deed > renewed };
}
