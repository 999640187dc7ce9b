import { FakeClock, openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { ArtifactUploads } from '../artifact-uploads';
import { ArtifactsModule } from '../artifacts.module';
import { ArtifactPublication } from '../artifact-publication';
import { LeaseFence, TaskLifecycle } from '@foreman/jobs';
import { ArtifactsSettings, type ArtifactsOptions } from '../artifacts.options';
import { DownloadUrls } from '../urls/download-urls';
import { UploadUrls } from '../urls/upload-urls';
import { UrlSigner } from '../urls/url-signer';

export const KEY = Buffer.alloc(32, 1);
export const NEXT_KEY = Buffer.alloc(32, 2);
/** The largest artifact of the lab, in bytes. */
export const MAX_BYTES = 50_000;

/** A URL taken apart as the gateway takes it apart: for tests that change it. */
export interface TakenUrl {
  readonly path: string[];
  readonly query: Record<string, string>;
}

export function takenApart(url: string): TakenUrl {
  const { pathname, searchParams } = new URL(url);
  return {
    path: pathname.slice('/base/signed/'.length).split('/').map(decodeURIComponent),
    query: Object.fromEntries(searchParams),
  };
}

export async function* bodyOf(...pieces: (string | Buffer)[]): AsyncGenerator<Buffer, void> {
  for (const piece of pieces) yield Buffer.from(piece);
}

/** Artifacts over the real engine behind a path prefix, with a key to sign by. */
export class UrlLab {
  private constructor(readonly engine: TestEngine) {}

  static async open(options: Partial<ArtifactsOptions> = {}): Promise<UrlLab> {
    const publicUrl = 'https://foreman.test/base/';
    const module = ArtifactsModule.forRoot({
      publicUrl,
      secretKey: KEY,
      maxBytes: MAX_BYTES,
      ...options,
    });
    return new UrlLab(await openTestEngine(module));
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  get clock(): FakeClock {
    return this.engine.clock;
  }

  get downloads(): DownloadUrls {
    return this.engine.get(DownloadUrls);
  }

  get uploads(): UploadUrls {
    return this.engine.get(UploadUrls);
  }

  async lease(): Promise<TestLease> {
    return this.engine.lease((await this.engine.submit()).id);
  }

  async stage(lease: TestLease, name: string, bytes: string): Promise<void> {
    const upload = { ...lease, name, contentType: 'text/plain', body: bodyOf(bytes) };
    await this.engine.get(ArtifactUploads).put(upload);
  }

  /** Ends the lease's task well; what it staged is visible then. */
  async complete(lease: TestLease): Promise<void> {
    await this.engine.unitOfWork.run(async (tx) => {
      const now = this.clock.now();
      const task = await this.engine.get(LeaseFence).hold(tx, { ...lease, now });
      const { leaseToken } = lease;
      const publication = { task, isOnlyTask: true, declared: [], leaseToken, now };
      await this.engine.get(ArtifactPublication).publish(tx, publication, null);
      const summary = { bestConfigIds: [], processedCount: null, totalCount: null };
      await this.engine.get(TaskLifecycle).complete(tx, task, summary, now);
    });
  }

  /** A job whose artifact `name` has these bytes. */
  async published(name: string, bytes: string): Promise<TestLease> {
    const lease = await this.lease();
    await this.stage(lease, name, bytes);
    await this.complete(lease);
    return lease;
  }
}

/** A signer on its own, as a gateway with these keys has it. */
export function signerOf(secretKey: Buffer, ...previousSecretKeys: Buffer[]): UrlSigner {
  const publicUrl = 'https://foreman.test/base';
  return new UrlSigner(new ArtifactsSettings({ publicUrl, secretKey, previousSecretKeys }));
}
