/**
 * An artifact as it is told to others (seed 002); the names are given from outside. Exactly one of
 * `inline` and `url` is set (so JSON whose value is `null` is told by URL).
 */
export interface ArtifactObject {
  readonly name: string;
  readonly content_type: string;
  /** Stored bytes. */
  readonly size: number;
  readonly inline: unknown;
  readonly url: string | null;
  /** Lower-case hex. */
  readonly sha256: string;
}
