// What a call comes to when it does not succeed.

/** Which permission was missing, as the reply's `AccessDeniedDetail` says. */
export interface Denial {
  action: string;
  /** A statement denies it; otherwise no statement allows it. */
  explicit: boolean;
}

/** A reply that is a refusal, or no reply at all (`status` 0). */
export class ApiFailure extends Error {
  readonly code: string;
  readonly status: number;
  readonly requestId: string;
  readonly denied: Denial | undefined;

  constructor(said: {
    code: string;
    message: string;
    status: number;
    requestId?: string;
    denied?: Denial | undefined;
  }) {
    super(said.message);
    this.name = 'ApiFailure';
    this.code = said.code;
    this.status = said.status;
    this.requestId = said.requestId ?? '';
    this.denied = said.denied;
  }

  /** Nobody answered. */
  static unreachable(): ApiFailure {
    return new ApiFailure({ code: 'Network', message: '', status: 0 });
  }

  /** An answer that is not what the contract says. */
  static unreadable(status: number): ApiFailure {
    return new ApiFailure({ code: 'Unreadable', message: '', status });
  }

  /** Whether the same call may succeed a moment later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 503 || this.status === 429 || this.code.startsWith('Throttling');
  }
}

/** Reads the error envelope of a reply; whatever it holds, this makes a failure of it. */
export function failureOf(status: number, body: string): ApiFailure {
  const envelope = record(parsed(body));
  if (!envelope) return ApiFailure.unreadable(status);
  const code = text(envelope.Code);
  if (code === '') return ApiFailure.unreadable(status);
  const detail = record(envelope.AccessDeniedDetail);
  return new ApiFailure({
    code,
    message: text(envelope.Message),
    status,
    requestId: text(envelope.RequestId),
    denied: detail
      ? { action: text(detail.AuthAction), explicit: text(detail.NoPermissionType) === 'ExplicitDeny' }
      : undefined,
  });
}

/** Parses JSON; `undefined` when it is none. */
export function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

export function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
