import { sha256Hex } from '@foreman/kernel';
import type { ArtifactPlan, JobPlan } from './plan/job-plan';
import { bytesOf, textOf } from './plan/planned-bytes';

/** Longer than the run: what goes before was deleted by a call. */
export const INPUT_TTL_SECONDS = 1800;

/** How far something has come, as its caller knows. `asked`: it may have happened, or may not. */
export type Standing = 'open' | 'asked' | 'acknowledged';

/** What an artifact must be when it is seen. */
export interface ExpectedArtifact {
  readonly name: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface TaskEntry {
  readonly artifacts: readonly ExpectedArtifact[];
  completion: Standing;
}

export interface InputEntry {
  readonly sha256: string;
  id: string | null;
  storage: Standing;
  /** Epoch ms: when its bytes were first sent. */
  askedMs: number | null;
  /** Whether its deletion was asked for: it may be gone. */
  isDeleted: boolean;
  /** It was seen to be gone. */
  isGone: boolean;
}

/** What is known of one job by what was asked and what was answered. */
export interface JobEntry {
  readonly plan: JobPlan;
  readonly tasks: readonly TaskEntry[];
  readonly input: InputEntry | null;
  jobId: string | null;
  /** Epoch ms: when the call that finalizes it was first sent; null: it was not. */
  finalAskedMs: number | null;
  cancellation: Standing;
  /** It was seen to be pruned. */
  isGone: boolean;
}

/** All that the load has asked for. */
export class Ledger {
  readonly jobs: JobEntry[] = [];

  begin(plan: JobPlan): JobEntry {
    const entry: JobEntry = {
      plan,
      tasks: plan.tasks.map(({ artifacts }, index) => ({
        artifacts: artifacts.map((artifact) => expectedOf(artifact, index, plan.tasks.length)),
        completion: 'open',
      })),
      input: plan.input && {
        sha256: sha256Hex(bytesOf(plan.input.bytes)),
        id: null,
        storage: 'open',
        askedMs: null,
        isDeleted: false,
        isGone: false,
      },
      jobId: null,
      finalAskedMs: null,
      cancellation: 'open',
      isGone: false,
    };
    this.jobs.push(entry);
    return entry;
  }
}

/** In a job of many tasks every name has its task's index before it. */
function expectedOf(plan: ArtifactPlan, index: number, taskCount: number): ExpectedArtifact {
  const bytes = plan.way === 'inline' ? Buffer.from(textOf(plan.bytes)) : bytesOf(plan.bytes);
  return {
    name: taskCount === 1 ? plan.name : `${index}.${plan.name}`,
    size: bytes.length,
    sha256: sha256Hex(bytes),
  };
}
