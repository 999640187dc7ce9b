import type {
  LeasedTask,
  ProgressReport,
  ResultRow,
  StoredMetrics,
  TaskArtifact,
  TaskContext,
} from '@foreman/edge-sdk';

/** A task context that keeps what an executor gives it. */
export class RecordingContext implements TaskContext {
  readonly reports: ProgressReport[] = [];
  readonly rows: ResultRow[] = [];
  readonly artifacts = new Map<string, TaskArtifact>();
  /** Paths by name. */
  readonly inputFiles = new Map<string, string>();
  readonly stopper = new AbortController();

  get signal(): AbortSignal {
    return this.stopper.signal;
  }

  progress(report: ProgressReport): void {
    this.reports.push(report);
  }

  async postRows(rows: readonly ResultRow[]): Promise<void> {
    this.rows.push(...rows);
  }

  async storedConfigIds(): Promise<ReadonlyMap<string, StoredMetrics>> {
    return new Map();
  }

  async inputFile(name: string): Promise<string> {
    const path = this.inputFiles.get(name);
    if (path === undefined) throw new Error(`There is no input file ${name}`);
    return path;
  }

  async putArtifact(artifact: TaskArtifact): Promise<void> {
    this.artifacts.set(artifact.name, artifact);
  }
}

/** A leased task of which only kind and payload matter. */
export function leasedTask(kind: string, payload: Record<string, unknown>): LeasedTask {
  return {
    taskId: '01900000-0000-7000-8000-000000000001',
    jobId: '01900000-0000-7000-8000-000000000002',
    taskIndex: 0,
    kind,
    queue: 'default',
    attempt: 1,
    leaseToken: '7',
    leaseExpiresAt: '2026-01-01T00:01:00.000Z',
    leaseSeconds: 60,
    timeoutSeconds: null,
    heartbeatSeconds: 20,
    serverTime: '2026-01-01T00:00:00.000Z',
    payload,
    inputs: [],
    resume: null,
  };
}
