import { Transform } from 'class-transformer';
import { IsOptional } from 'class-validator';

/**
 * For a field that may be left out: null means the same, as many languages write what they do not know.
 * An agent must not lose a lease over it.
 */
export function MayBeLeftOut(): PropertyDecorator {
  const transform = Transform(({ value }: { value: unknown }) => value ?? undefined);
  const optional = IsOptional();
  return (target, property) => {
    transform(target, property);
    optional(target, property);
  };
}
