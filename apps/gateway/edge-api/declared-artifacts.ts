import type { DeclaredArtifact } from '@foreman/artifacts';
import { invalidField } from '@foreman/kernel';
import type { CompletionArtifactDto } from './end-task.dto';

/** @throws `request.invalid` for an artifact that is both inline and named by digest, or neither. */
export function declaredArtifacts(dtos: readonly CompletionArtifactDto[]): DeclaredArtifact[] {
  return dtos.map(({ name, content_type: contentType, inline, sha256 }, index) => {
    if (sha256 !== undefined) {
      if (inline === undefined) return { name, sha256 };
      throw invalidField(`artifacts.${index}`, 'must have either inline or sha256');
    }
    if (contentType === undefined || inline === undefined) {
      throw invalidField(`artifacts.${index}`, 'must have content_type and inline, or sha256');
    }
    return { name, contentType, inline };
  });
}
