import { Revocations, invalidToken } from '@foreman/access';
import { DomainError } from '@foreman/kernel';
import { Injectable } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import { cutBody } from './silent-bodies';

/** The calls that a revoked credential has let in are looked at so often until they are over, in ms, */
const LOOK_EVERY_MS = 10;
/** and so many times: longer than a stopping gateway would let them run does nobody wait for an answer. */
const LOOKS = 500;

/** The parts that a call goes through each wait for its end: a few more than the ten at which Node suspects a leak. */
const LISTENERS = 20;

/**
 * A call that was let in, until it is over: its handler has settled, whether its caller is still there or not, and its
 * answer is out, or its connection broken.
 */
class Call {
  isEnded = false;
  onEnd: () => void = () => undefined;
  private isSettled = false;
  private isClosed = false;

  constructor(
    readonly ownerId: string,
    readonly request: Request,
    readonly response: Response,
    private readonly leave: (call: Call) => void,
  ) {}

  settled(): void {
    this.isSettled = true;
    if (this.isClosed) this.leave(this);
  }

  closed(): void {
    this.isClosed = true;
    if (this.isSettled) this.leave(this);
  }

  /** Ends what flows, in or out. What is at work in between is let finish: half of it may be done. */
  cut(): void {
    const { request, response } = this;
    if (!request.complete) cutBody(request, response, invalidToken());
    else if (response.headersSent && !response.writableFinished) response.destroy();
  }
}

const CALLS = new WeakMap<Request, Call>();

/** A route's handler whose call is known to be over once all of it has settled: guards, handler and answer. */
export function settling(handler: RequestHandler): RequestHandler {
  return async (request, response, next) => {
    try {
      await handler(request, response, next);
    } finally {
      CALLS.get(request)?.settled();
    }
  };
}

/** Calls `end` when the credential ends that has let this call in: it waits for something, and may take effect later. */
export function whenCredentialEnds(request: Request, end: () => void): void {
  const call = CALLS.get(request);
  if (call === undefined) throw new Error('A call that may wait must have been let in by a guard');
  call.onEnd = end;
  if (call.isEnded) end();
}

/**
 * The calls under way, by the API key or the edge that they came from. A revocation is answered once what it
 * has ended can have no effect any more, and reads nothing (ADR-0028).
 */
@Injectable()
export class CallsUnderWay {
  private readonly calls = new Map<string, Set<Call>>();
  /** Those of them that a token has let in which has ended since. */
  private readonly ended = new Map<string, Set<Call>>();
  private endings = 0;

  constructor(revocations: Revocations) {
    revocations.listen((ownerId) => this.end(ownerId));
  }

  /**
   * Lets a call in that `authenticate` finds good. A credential that ended between the look and its answer is looked
   * at again, so that each call is either refused, or known here when its credential ends.
   * @throws whatever `authenticate` throws; `auth.invalid`, `server.busy`, see `over`.
   */
  async letIn<T>(
    request: Request,
    authenticate: () => Promise<T>,
    ownerOf: (principal: T) => string,
  ): Promise<T> {
    for (;;) {
      const { endings } = this;
      const principal = await authenticate();
      if (this.endings !== endings) continue;
      const call = this.enter(ownerOf(principal), request);
      // The first use of an edge's token has ended the others.
      await this.over(call.ownerId, call);
      return principal;
    }
  }

  /**
   * For the call that has revoked: settles when nothing is left of what was let in before. Itself it has done its
   * work, and nobody waits for it: two calls may end each other.
   * @throws `server.busy`, see `over`.
   */
  async revoked(ownerId: string, revoking: Request): Promise<void> {
    const own = CALLS.get(revoking);
    if (own !== undefined) this.leave(own);
    await this.over(ownerId);
  }

  private enter(ownerId: string, request: Request): Call {
    const { res: response, socket } = request;
    if (response === undefined) throw new Error('Express gives every request its response');
    const call = new Call(ownerId, request, response, (over) => this.leave(over));
    const closed = () => call.closed();
    response.setMaxListeners(LISTENERS).once('close', closed);
    // An answer that waits behind another one (pipelined) is told nothing when its connection breaks.
    if (response.socket === null) socket.once('close', closed);
    if (socket.destroyed) closed();
    CALLS.set(request, call);
    put(this.calls, call);
    return call;
  }

  /** In the turn of the commit: whoever is let in from here on has been looked at after it. */
  private end(ownerId: string): void {
    this.endings += 1;
    for (const call of this.calls.get(ownerId) ?? []) {
      call.isEnded = true;
      put(this.ended, call);
      call.onEnd();
      call.cut();
    }
    this.calls.delete(ownerId);
  }

  /**
   * Settles when no call is left that an ended token of this owner let in. @throws `server.busy` when they take too
   * long: the token has ended, but its calls have not; `auth.invalid` when the call that waits was ended itself.
   */
  private async over(ownerId: string, waiting?: Call): Promise<void> {
    for (let look = 0; look < LOOKS; look += 1) {
      const calls = this.ended.get(ownerId);
      if (calls === undefined) return;
      if (waiting?.isEnded) throw invalidToken();
      // One that was at work may have begun to send since.
      for (const call of calls) call.cut();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    const message =
      'The token is revoked, but calls that it let in before are not over. Ask again.';
    throw new DomainError('server.busy', message, { retryAfterSeconds: 1 });
  }

  private leave(call: Call): void {
    take(this.calls, call);
    take(this.ended, call);
  }
}

function put(calls: Map<string, Set<Call>>, call: Call): void {
  const own = calls.get(call.ownerId);
  if (own === undefined) calls.set(call.ownerId, new Set([call]));
  else own.add(call);
}

function take(calls: Map<string, Set<Call>>, call: Call): void {
  const own = calls.get(call.ownerId);
  own?.delete(call);
  if (own?.size === 0) calls.delete(call.ownerId);
}
