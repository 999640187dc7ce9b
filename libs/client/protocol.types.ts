/**
 * The wire shapes of `/jobs` and of webhooks, as the contract states them, a file a subject. Written by hand, to say more
 * than a schema can; test/checks/wire-types.ts holds them against docs/openapi.json.
 */
export type * from './protocol/artifact.types';
export type * from './protocol/job.types';
export type * from './protocol/live-event.types';
export type * from './protocol/result.types';
export type * from './protocol/state.types';
export type * from './protocol/task.types';
export type * from './protocol/webhook.types';
