export { Retention } from './retention';
export type { RetentionCounts } from './retention';
export { RetentionModule } from './retention.module';
export type { RetentionOptions } from './retention.options';
