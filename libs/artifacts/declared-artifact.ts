import { invalidField } from '@foreman/kernel';
import { tooLarge } from './limits/size-limit';
import { checkMediaType, isJsonType } from './media-type';

/** An artifact that a completion brings along. */
export interface InlineArtifact {
  readonly name: string;
  readonly contentType: string;
  /** A JSON value for JSON types, a string for all others. */
  readonly inline: unknown;
}

/** An artifact that was uploaded before, named with its digest: a delayed older upload cannot slip in. */
export interface StagedReference {
  readonly name: string;
  /** Hex. */
  readonly sha256: string;
}

export type DeclaredArtifact = InlineArtifact | StagedReference;

export function isStagedReference(artifact: DeclaredArtifact): artifact is StagedReference {
  return 'sha256' in artifact && artifact.sha256 !== undefined;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The bytes to store: JSON written compactly, text as UTF-8.
 * @throws `request.invalid` for a value that its type cannot have; `artifact.too_large`.
 */
export function inlineBytes(artifact: InlineArtifact, maxBytes: number): Buffer {
  const path = `artifacts.${artifact.name}`;
  checkMediaType(artifact.contentType, `${path}.content_type`);
  const bytes = Buffer.from(inlineText(artifact, `${path}.inline`));
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

function inlineText({ contentType, inline }: InlineArtifact, path: string): string {
  if (inline === undefined) throw invalidField(path, 'is missing');
  if (isJsonType(contentType)) {
    if (!holdsFiniteNumbers(inline)) {
      throw invalidField(path, 'has a number that is too large for a double: upload its bytes');
    }
    return JSON.stringify(inline);
  }
  if (typeof inline !== 'string') {
    throw invalidField(path, `must be a string, as its type is ${contentType}`);
  }
  if (LONE_SURROGATE.test(inline)) {
    throw invalidField(path, 'has half a surrogate pair, which UTF-8 cannot hold');
  }
  return inline;
}

/** Whether no number in it was read as infinite: JSON would write that as null, and nobody would know. */
function holdsFiniteNumbers(root: unknown): boolean {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'number' && !Number.isFinite(value)) return false;
    if (typeof value !== 'object' || value === null) continue;
    for (const item of Object.values(value)) open.push(item);
  }
  return true;
}
