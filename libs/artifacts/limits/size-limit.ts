import { DomainError } from '@foreman/kernel';

/** How many bytes may still come, and what is said to whoever sends one more. */
export interface SizeLimit {
  readonly bytes: number;
  readonly refusal: () => DomainError;
}

/** What a limit is of, as its refusal says it. */
type Limited = 'An artifact' | 'An input';

/** The largest artifact, whatever stands beside it. Inputs have the same limit. */
export function artifactLimit(maxBytes: number, what: Limited = 'An artifact'): SizeLimit {
  return { bytes: maxBytes, refusal: () => tooLarge(maxBytes, what) };
}

/** A limit is a setting of the operator: the message names it (contract). */
export function tooLarge(limitBytes: number, what: Limited = 'An artifact'): DomainError {
  return new DomainError(
    'artifact.too_large',
    `${what} may have at most ${limitBytes} bytes (FOREMAN_ARTIFACT_MAX_BYTES).`,
    { limitBytes },
  );
}
