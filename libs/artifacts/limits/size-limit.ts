import { DomainError } from '@foreman/kernel';

/** How many bytes may still come, and what is said to whoever sends one more. */
export interface SizeLimit {
  readonly bytes: number;
  readonly refusal: () => DomainError;
}

/** The largest artifact, whatever stands beside it. Inputs have the same limit. */
export function artifactLimit(maxBytes: number): SizeLimit {
  return { bytes: maxBytes, refusal: () => tooLarge(maxBytes) };
}

/** A limit is a setting of the operator: the message names it (contract). */
export function tooLarge(limitBytes: number): DomainError {
  return new DomainError(
    'artifact.too_large',
    `An artifact may have at most ${limitBytes} bytes (FOREMAN_ARTIFACT_MAX_BYTES).`,
    { limitBytes },
  );
}
