import { KIND_RULE, isKind } from '@foreman/kernel';
import { FieldErrors } from './field-errors';
import type { JobCommand, TaskCommand } from './job-command';
import { checkInputs } from './job-inputs.check';
import { checkKnownPayload } from './known-payloads';

const MAX_TASKS = 1000;
const MAX_METADATA_BYTES = 4096;
/** What a Date can hold; NaN is what could not be read as a time. */
const LAST_TIME_MS = 8.64e15;
/** A queue is named in paths: no slash. */
const QUEUE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/;

const QUEUE_RULE = 'must be 1 to 100 characters of A-Z a-z 0-9 . _ : -';

/** Holds for every door: the HTTP face and services that call the lib. @throws `request.invalid`. */
export function checkJobCommand(command: JobCommand): void {
  const errors = new FieldErrors();
  errors.unless(isKind(command.kind), 'kind', KIND_RULE);
  errors.unless(QUEUE.test(command.queue ?? 'default'), 'queue', QUEUE_RULE);
  errors.integer('priority', command.priority, -100, 100);
  if (command.runAt !== undefined) {
    const isTime = Math.abs(command.runAt) <= LAST_TIME_MS;
    errors.unless(isTime, 'runAt', 'must be a time like 2026-11-22T06:00:00.000Z');
  }
  errors.integer('maxAttempts', command.maxAttempts, 1, 100);
  errors.integer('leaseSeconds', command.leaseSeconds, 5, 3600);
  errors.integer('timeoutSeconds', command.timeoutSeconds, 1, 31_536_000);
  errors.integer('stallSeconds', command.stallSeconds, 1, 31_536_000);
  const onStall: string = command.onStall ?? 'mark';
  errors.unless(onStall === 'mark' || onStall === 'fail', 'onStall', 'must be mark or fail');
  errors.integer('startBySeconds', command.startBySeconds, 1, 31_536_000);
  errors.integer('ttlSeconds', command.ttlSeconds, 0, 315_360_000);
  errors.labels('requires', command.requires);
  checkMetadata(errors, command.metadata);
  checkTasks(errors, command);
  checkInputs(errors, command);
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
