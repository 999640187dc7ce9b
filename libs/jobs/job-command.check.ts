import { DomainError, type FieldError } from '@foreman/kernel';
import type { JobCommand, TaskCommand } from './job-command';
import { checkKnownPayload } from './known-payloads';

const MAX_TASKS = 1000;
const MAX_METADATA_BYTES = 4096;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/;
const LABEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;
const MAX_LABELS = 32;
const MAX_LABEL_VALUE = 200;

/** Holds for every door: the HTTP face and services that call the lib. @throws `request.invalid`. */
export function checkJobCommand(command: JobCommand): void {
  const errors = new FieldErrors();
  errors.unless(NAME.test(command.kind), 'kind', 'must be a name of 1..100 of A-Z a-z 0-9 . _ : -');
  errors.unless(NAME.test(command.queue ?? 'default'), 'queue', 'must be a name like a kind');
  errors.integer('priority', command.priority, -100, 100);
  errors.integer('maxAttempts', command.maxAttempts, 1, 100);
  errors.integer('leaseSeconds', command.leaseSeconds, 5, 3600);
  errors.integer('timeoutSeconds', command.timeoutSeconds, 1, 31_536_000);
  errors.integer('startBySeconds', command.startBySeconds, 1, 31_536_000);
  errors.integer('ttlSeconds', command.ttlSeconds, 0, 315_360_000);
  errors.labels('requires', command.requires);
  checkMetadata(errors, command.metadata);
  checkTasks(errors, command);
  errors.throwIfAny();
}

function checkMetadata(errors: FieldErrors, metadata: JobCommand['metadata']): void {
  if (metadata === undefined) return;
  const isText = Object.values(metadata).every((value) => typeof value === 'string');
  errors.unless(isText, 'metadata', 'must be an object of strings');
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  errors.unless(
    bytes <= MAX_METADATA_BYTES,
    'metadata',
    `must be at most ${MAX_METADATA_BYTES} bytes`,
  );
}

function checkTasks(errors: FieldErrors, command: JobCommand): void {
  const { tasks } = command;
  if (tasks === undefined) {
    checkKnownPayload(command.kind, command.payload ?? {}, 'payload', errors);
    return;
  }
  errors.unless(
    tasks.length >= 1 && tasks.length <= MAX_TASKS,
    'tasks',
    `must hold 1..${MAX_TASKS}`,
  );
  tasks.slice(0, MAX_TASKS).forEach((task: TaskCommand, index) => {
    const payload = { ...command.payload, ...task.payload };
    errors.labels(`tasks.${index}.requires`, task.requires);
    checkKnownPayload(command.kind, payload, `tasks.${index}.payload`, errors);
  });
}

/** Findings are collected, so that a caller learns of all at once; bounded, since input is. */
const MAX_FINDINGS = 50;

export class FieldErrors {
  private readonly found: FieldError[] = [];

  add(path: string, message: string): void {
    if (this.found.length < MAX_FINDINGS) this.found.push({ path, message });
  }

  unless(holds: boolean, path: string, message: string): void {
    if (!holds) this.add(path, message);
  }

  integer(path: string, value: number | undefined, min: number, max: number): void {
    if (value === undefined) return;
    const holds = Number.isInteger(value) && value >= min && value <= max;
    this.unless(holds, path, `must be a whole number from ${min} to ${max}`);
  }

  labels(path: string, labels: Readonly<Record<string, string>> | undefined): void {
    if (labels === undefined) return;
    const entries = Object.entries(labels);
    const areGood = entries.every(
      ([name, value]) =>
        LABEL_NAME.test(name) && typeof value === 'string' && value.length <= MAX_LABEL_VALUE,
    );
    this.unless(areGood, path, 'must map label names to strings');
    this.unless(entries.length <= MAX_LABELS, path, `must hold at most ${MAX_LABELS} labels`);
  }

  throwIfAny(): void {
    const [first] = this.found;
    if (first === undefined) return;
    throw new DomainError('request.invalid', `${first.path} ${first.message}`, {
      errors: this.found,
    });
  }
}
