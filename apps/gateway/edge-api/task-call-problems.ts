import type { ErrorCode } from '@foreman/kernel';

/** How any call about a task that brings a JSON body can be refused. */
export const TASK_CALL_PROBLEMS = [
  'request.invalid',
  'request.too_large',
  'request.unsupported_type',
  'lease.missing',
  'lease.lost',
  'task.not_found',
] as const satisfies readonly ErrorCode[];
