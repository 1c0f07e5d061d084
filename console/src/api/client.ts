// Calls of operations, through the center's own gateway, with the identity of the session.
import { ApiFailure, failureOf, parsed, record } from './failure';
import { flatten } from './flatten';
import { versions, type Operations } from './generated';

export type OperationName = keyof Operations;
export type RequestOf<Name extends OperationName> = Operations[Name]['request'];
export type ReplyOf<Name extends OperationName> = Operations[Name]['response'];

/** What the center shows of a request that it made for the console; secrets in it are masked. */
export interface SignedRequest {
  Method: string;
  Url: string;
  Headers: [string, string][];
  Body: string;
  CanonicalRequest: string;
  StringToSign: string;
}

/** A reply as it came over the wire. */
export interface RawReply {
  Status: number;
  Reason: string;
  Headers: [string, string][];
  Body: string;
  Millis: number;
  Request: SignedRequest | null;
}

/** A call in the form the console's endpoint takes. */
export interface RawCall {
  Version: string;
  Action: string;
  Parameters: Record<string, string>;
  Scheme?: 'V3' | 'V1';
  Method?: 'POST' | 'GET';
  Detail?: boolean;
  /** The page asks by itself: the center does not take it for use of the session. */
  Background?: boolean;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Whether the page asks by itself, which keeps no session open. */
  background?: boolean;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The one who calls; there is one in a page, `client`, and tests make their own. */
export class Client {
  #csrf = '';
  readonly #fetch: Fetch;
  /** Told when the center says that there is no session any more. */
  onSessionLost: () => void = () => undefined;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** The token that a session's calls carry, so that no other site's page can make them. */
  set csrf(token: string) {
    this.#csrf = token;
  }

  /** Calls an operation and gives its reply; throws `ApiFailure` for anything but success. */
  async call<Name extends OperationName>(
    operation: Name,
    params: RequestOf<Name>,
    options: CallOptions = {},
  ): Promise<ReplyOf<Name>> {
    const call: RawCall = { Version: versions[operation], Action: operation, Parameters: flatten(params) };
    if (options.background) call.Background = true;
    const reply = await this.raw(call, options);
    if (reply.Status < 200 || reply.Status > 299) throw failureOf(reply.Status, reply.Body);
    const body = record(parsed(reply.Body));
    if (!body) throw ApiFailure.unreadable(reply.Status);
    return body as unknown as ReplyOf<Name>;
  }

  /** Calls whatever is asked for and gives the reply as it came, refusals too. */
  async raw(call: RawCall, options: CallOptions = {}): Promise<RawReply> {
    const reply = await this.send('/console/call', 'POST', call, options);
    const body = record(parsed(reply.body));
    if (reply.status !== 200 || typeof body?.Status !== 'number' || typeof body.Body !== 'string') {
      throw failureOf(reply.status, reply.body);
    }
    return body as unknown as RawReply;
  }

  /** One exchange with the console's own endpoints. */
  async send(
    url: string,
    method: 'GET' | 'POST' | 'DELETE',
    body?: object,
    options: CallOptions = {},
  ): Promise<{ status: number; body: string }> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (this.#csrf !== '') headers['X-Landfall-Csrf'] = this.#csrf;
    const init: RequestInit = { method, headers, cache: 'no-store', credentials: 'same-origin', redirect: 'error' };
    if (body) {
      headers['Content-Type'] = 'application/json';
      init.body = JSON.stringify(body);
    }
    if (options.signal) init.signal = options.signal;
    let status: number;
    let text: string;
    try {
      const response = await this.#fetch(url, init);
      status = response.status;
      text = await response.text();
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw ApiFailure.unreachable();
    }
    if (status === 401 && this.#csrf !== '') {
      this.#csrf = '';
      this.onSessionLost();
    }
    return { status, body: text };
  }
}

/** The page's own client. */
export const client = new Client((url, init) => fetch(url, init));

/** Calls an operation as whoever is signed in. */
export const call: Client['call'] = (operation, params, options) => client.call(operation, params, options);
