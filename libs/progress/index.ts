export { HEARTBEAT_TASKS_LIMIT, Heartbeats } from './heartbeats';
export type { HeartbeatAnswer, TaskHeartbeat } from './heartbeats';
export type { ProgressReport } from './progress-report';
export { ProgressModule } from './progress.module';
