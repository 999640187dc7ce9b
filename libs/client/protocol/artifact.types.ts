/** A named, typed blob of a job (seed 002): exactly one of `inline` and `url` is set. */
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

/** A URL that works without a bearer token until it expires: whoever has it can fetch what it names. */
export interface DownloadUrl {
  readonly url: string;
  readonly method: 'GET';
  /** ISO 8601. Earlier if the artifact goes, or other bytes take its place. */
  readonly expiresAt: string;
}

/** An input under the name that the edge knows it by: 1..120 of `A-Z a-z 0-9 . _ -`, as artifacts have. */
export interface NamedInput {
  readonly name: string;
  readonly inputId: string;
}

/** Bytes that jobs can name, uploaded before. */
export interface Input {
  readonly id: string;
  readonly contentType: string;
  /** Stored bytes; before they have come, what was announced, or null. */
  readonly size: number | null;
  /** Lower-case hex; the same. */
  readonly sha256: string | null;
  readonly url: string;
  /** Whether a job names it: then it stays, whatever its time. */
  readonly inUse: boolean;
  readonly createdAt: string;
  /** Null: its bytes have not come yet, and no job can name it. */
  readonly storedAt: string | null;
  readonly expiresAt: string;
}
