import { hasLabels, type AvailableTask } from '@foreman/jobs';
import type { Claimant } from './parked-poll';

/** A poll as the index sees it. */
export interface IndexedPoll {
  /** Its number in the order of arrival: unique, and growing. */
  readonly place: number;
  readonly claimant: Claimant;
}

/** What decides which polls can run a task. */
export type Demand = Pick<AvailableTask, 'kind' | 'requires' | 'assignedEdgeId'>;

/** Polls under one word, in order of arrival. */
type Lists<P> = Map<string, P[]>;

/**
 * Finds the first poll that can run a task without going through all of them: polls are listed by kind,
 * by label and by edge, and a look goes along the shortest list that the task allows.
 */
export class PollIndex<P extends IndexedPoll> {
  private readonly byKind: Lists<P> = new Map();
  private readonly byLabel: Lists<P> = new Map();
  private readonly byEdge: Lists<P> = new Map();

  /** A poll keeps its place in the order of arrival, however often it comes and goes. */
  add(poll: P): void {
    for (const [lists, word] of this.wordsOf(poll.claimant)) insert(lists, word, poll);
  }

  /** Nothing happens when it is not there. */
  delete(poll: P): void {
    for (const [lists, word] of this.wordsOf(poll.claimant)) remove(lists, word, poll);
  }

  /** The first poll to arrive after `afterPlace` that can run the task; null when there is none. */
  first(task: Demand, afterPlace = -1, accepts: (poll: P) => boolean = () => true): P | null {
    const list = this.shortestListFor(task);
    for (let at = indexAfter(list, afterPlace); at < list.length; at += 1) {
      const poll = list[at];
      if (poll !== undefined && canRun(poll.claimant, task) && accepts(poll)) return poll;
    }
    return null;
  }

  /** How many polls a look for the task would go through at the most; 0: none can run it. */
  countFor(task: Demand): number {
    return this.shortestListFor(task).length;
  }

  private shortestListFor(task: Demand): readonly P[] {
    let shortest = this.byKind.get(task.kind) ?? [];
    const consider = (list: P[] = []) => {
      if (list.length < shortest.length) shortest = list;
    };
    if (task.assignedEdgeId !== null) consider(this.byEdge.get(task.assignedEdgeId));
    for (const label of labelWords(task.requires ?? {})) consider(this.byLabel.get(label));
    return shortest;
  }

  private *wordsOf({ kinds, labels, edgeId }: Claimant): Iterable<[Lists<P>, string]> {
    for (const kind of kinds) yield [this.byKind, kind];
    for (const label of labelWords(labels)) yield [this.byLabel, label];
    yield [this.byEdge, edgeId];
  }
}

/** Whether an edge can run a task, as the claim's SQL decides it. */
function canRun(claimant: Claimant, task: Demand): boolean {
  return (
    claimant.kinds.includes(task.kind) &&
    (task.assignedEdgeId === null || task.assignedEdgeId === claimant.edgeId) &&
    hasLabels(claimant.labels, task.requires)
  );
}

function labelWords(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}

function insert<P extends IndexedPoll>(lists: Lists<P>, word: string, poll: P): void {
  const list = lists.get(word);
  if (list === undefined) {
    lists.set(word, [poll]);
    return;
  }
  const at = indexAfter(list, poll.place);
  if (list[at - 1] !== poll) list.splice(at, 0, poll);
}

function remove<P extends IndexedPoll>(lists: Lists<P>, word: string, poll: P): void {
  const list = lists.get(word);
  if (list === undefined) return;
  const at = indexAfter(list, poll.place) - 1;
  if (list[at] !== poll) return;
  if (list.length === 1) lists.delete(word);
  else list.splice(at, 1);
}

/** Where the polls begin that arrived after this place. */
function indexAfter(list: readonly IndexedPoll[], place: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.place ?? 0) <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}
