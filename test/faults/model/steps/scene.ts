import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '@foreman/kernel';
import type { RealEngine } from '../real/engine';
import {
  Divergence,
  Refusal,
  type Edge,
  type Grant,
  type LeaseBody,
  type World,
} from '../world/world';
import type { Target } from './step';

/** The engine, and the world that it is held against. */
export interface Scene {
  readonly engine: RealEngine;
  readonly world: World;
  /** Lease requests with a key that were sent, whatever they came to. */
  readonly keyed: KeyedRequest[];
}

export interface KeyedRequest {
  readonly edge: Edge;
  /** The edge may have been replaced since. */
  readonly edgeId: string;
  readonly key: string;
  readonly body: LeaseBody;
}

/** What a call came to. */
export type Outcome<T> =
  | { readonly answer: T }
  | { readonly code: string; readonly details: Readonly<Record<string, unknown>> };

export async function outcomeOf<T>(call: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { answer: await call() };
  } catch (error) {
    if (!(error instanceof DomainError || error instanceof Refusal)) throw error;
    return { code: error.code, details: error.details };
  }
}

/** Both come to the same: answer for answer, or refusal for refusal with its details. */
export async function agree<T>(real: () => Promise<T>, expected: () => T): Promise<void> {
  const outcome = await outcomeOf(real);
  same(outcome, await outcomeOf(expected));
}

/** As JSON tells it: a row of the driver has no prototype. @throws Divergence */
export function same(real: unknown, expected: unknown): void {
  if (isDeepStrictEqual(plain(real), plain(expected))) return;
  throw new Divergence(`answered ${JSON.stringify(real)}, not ${JSON.stringify(expected)}`);
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

export function edgeAt({ world }: Scene, place: number): Edge {
  const edge = world.edges[place];
  if (edge === undefined) throw new Error(`There is no edge ${place}`);
  return edge;
}

/** The lease that a call is about, under the edge that makes it; null when none was granted yet. */
export function grantOf({ world }: Scene, target: Target): Grant | null {
  const { grants } = world;
  const among = grants.filter((grant) => isAmong(grant, target.among));
  const grant = picked(among, target.place) ?? picked(grants, target.place);
  if (grant === null || !target.isForeign) return grant;
  const other = picked(
    world.edges.filter((edge) => edge.id !== grant.edgeId),
    target.place,
  );
  return { ...grant, edgeId: other?.id ?? grant.edgeId };
}

/** How the engine is told of it. */
export function callOf({ task, edgeId, token }: Grant) {
  return { taskId: task.id, edgeId, leaseToken: token };
}

export function picked<T>(items: readonly T[], place: number): T | null {
  return items[place % items.length] ?? null;
}

function isAmong({ task, token }: Grant, among: Target['among']): boolean {
  switch (among) {
    case 'living':
      return task.lease?.attempt.token === token;
    case 'revivable':
      return task.revivable?.token === token;
    case 'latest':
      return task.attempts.at(-1)?.token === token;
    case 'all':
      return true;
  }
}
