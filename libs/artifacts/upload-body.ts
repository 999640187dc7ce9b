import { createHash, type Hash } from 'node:crypto';
import { DomainError } from '@foreman/kernel';
import type { SizeLimit } from './limits/size-limit';

/** What the sender says the digest of its bytes is (RFC 9530). Each one given is checked. */
export interface ExpectedDigests {
  readonly sha256?: Buffer;
  readonly sha512?: Buffer;
}

/** A body on its way into a blob store: counted and hashed while it flows, never held. */
export class UploadBody {
  private readonly sha256 = createHash('sha256');
  private readonly sha512: Hash | null;
  private bytes = 0;

  constructor(
    private readonly source: AsyncIterable<Buffer>,
    private readonly expected: ExpectedDigests,
    private readonly limit: SizeLimit,
  ) {
    this.sha512 = expected.sha512 === undefined ? null : createHash('sha512');
  }

  /** The bytes; `onFlow` is awaited with each piece. Throws the limit's refusal at the first byte too many. */
  async *pieces(onFlow: () => Promise<void>): AsyncGenerator<Buffer> {
    for await (const piece of this.source) {
      this.bytes += piece.length;
      if (this.bytes > this.limit.bytes) throw this.limit.refusal();
      this.sha256.update(piece);
      this.sha512?.update(piece);
      await onFlow();
      yield piece;
    }
  }

  /** Once all has flowed: its SHA-256 in hex. @throws `artifact.digest_mismatch`. */
  verifiedSha256(): string {
    const sha256 = this.sha256.digest();
    assertSame('sha-256', this.expected.sha256, sha256);
    if (this.sha512 !== null) assertSame('sha-512', this.expected.sha512, this.sha512.digest());
    return sha256.toString('hex');
  }
}

/**
 * The beginning of a body: all of it, with `rest` null, when it has at most `limitBytes`; else all of
 * it again as `rest`, of which only what was read is held.
 */
export async function readHead(
  pieces: AsyncGenerator<Buffer>,
  limitBytes: number,
): Promise<{ readonly head: Buffer; readonly rest: AsyncIterable<Buffer> | null }> {
  const read: Buffer[] = [];
  let bytes = 0;
  while (bytes <= limitBytes) {
    const next = await pieces.next();
    if (next.done) return { head: Buffer.concat(read, bytes), rest: null };
    read.push(next.value);
    bytes += next.value.length;
  }
  return { head: Buffer.alloc(0), rest: followedBy(read, pieces) };
}

async function* followedBy(
  read: readonly Buffer[],
  pieces: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  yield* read;
  yield* pieces;
}

function assertSame(algorithm: string, expected: Buffer | undefined, actual: Buffer): void {
  if (expected === undefined || expected.equals(actual)) return;
  throw new DomainError(
    'artifact.digest_mismatch',
    `The bytes that arrived do not have the ${algorithm} digest that was announced; send them again.`,
    { algorithm, expected: expected.toString('base64'), actual: actual.toString('base64') },
  );
}
