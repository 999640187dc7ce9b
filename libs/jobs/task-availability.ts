import { Injectable } from '@nestjs/common';
import type { Demand } from './claim-groups';

/** A task that can be leased from `availableAt` on; what a parked poll needs to know of it. */
export interface AvailableTask extends Demand {
  /** Epoch ms. */
  readonly availableAt: number;
}

type TasksListener = (tasks: readonly AvailableTask[]) => void;
type QueueListener = (queue: string) => void;
type EdgeListener = (edgeId: string) => void;

/** Tells parked polls, in memory, that there is something to lease; announced from `afterCommit` only. */
@Injectable()
export class TaskAvailability {
  private readonly tasksListeners: TasksListener[] = [];
  private readonly resumeListeners: QueueListener[] = [];
  private readonly freedListeners: EdgeListener[] = [];

  subscribe(listener: TasksListener): void {
    this.tasksListeners.push(listener);
  }

  announce(tasks: readonly AvailableTask[]): void {
    for (const listener of this.tasksListeners) listener(tasks);
  }

  subscribeToResumes(listener: QueueListener): void {
    this.resumeListeners.push(listener);
  }

  /** A queue is no longer paused: which of its tasks that frees, a listener must look up. */
  announceResume(queue: string): void {
    for (const listener of this.resumeListeners) listener(queue);
  }

  subscribeToFreedEdges(listener: EdgeListener): void {
    this.freedListeners.push(listener);
  }

  /** A lease of this edge has ended: one that held all that it may can take another task. */
  announceFreed(edgeId: string): void {
    for (const listener of this.freedListeners) listener(edgeId);
  }
}
