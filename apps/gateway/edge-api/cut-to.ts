import type { TransformFnParams } from 'class-transformer';

/** Cuts over-long text instead of refusing it: an agent must not lose a lease over a message (contract). */
export function cutTo(limit: number) {
  return ({ value }: TransformFnParams): unknown =>
    typeof value === 'string' ? value.slice(0, limit) : value;
}
