import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Pool } from 'undici';
import { uploadTo, type HeldTask } from '../http/gateway-setup';

/** As a socket would hand it on. */
const PIECE_BYTES = 64 * 1024;
const PIECE = randomBytes(PIECE_BYTES);

export interface TransferPlan {
  readonly origin: string;
  /** One upload each, all at once. */
  readonly tasks: readonly HeldTask[];
  /** Where as many downloads at once come from. */
  readonly download: { readonly path: string; readonly token: string };
  /** Of each body; whole pieces. */
  readonly bytes: number;
}

/** One after the other on each connection, as long as uploads go on: they are faster. */
const MOST_DOWNLOADS = 4;

/** What came of them. */
export interface Transferred {
  readonly seconds: number;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
}

/** Uploads and downloads at once, over a connection each. */
export async function transfer(plan: TransferPlan): Promise<Transferred> {
  const { tasks, bytes } = plan;
  const pool = new Pool(plan.origin, { connections: 2 * tasks.length, pipelining: 1 });
  let uploadsLeft = tasks.length;
  let downloadedBytes = 0;
  const startedMs = performance.now();
  const upload = async (task: HeldTask) => {
    const { method, path, headers } = uploadTo(task, 'big', Buffer.alloc(0));
    const { statusCode, body } = await pool.request({
      method,
      path,
      headers: { ...headers, 'content-length': String(bytes) },
      body: Readable.from(pieces(bytes), { highWaterMark: 1 }),
    });
    const text = await body.text();
    if (statusCode !== 201) throw new Error(`An upload was answered ${statusCode}: ${text}`);
    uploadsLeft -= 1;
  };
  const download = async () => {
    const headers = { authorization: `Bearer ${plan.download.token}` };
    for (let count = 0; count < MOST_DOWNLOADS && uploadsLeft > 0; count += 1) {
      const { path } = plan.download;
      const { statusCode, body } = await pool.request({ method: 'GET', path, headers });
      if (statusCode !== 200) throw new Error(`A download was answered ${statusCode}`);
      for await (const piece of body) downloadedBytes += (piece as Buffer).length;
    }
  };
  await Promise.all([...tasks.map(upload), ...tasks.map(download)]);
  const seconds = (performance.now() - startedMs) / 1000;
  await pool.close();
  return { seconds, uploadedBytes: bytes * tasks.length, downloadedBytes };
}

function* pieces(bytes: number): Generator<Buffer> {
  for (let sent = 0; sent < bytes; sent += PIECE_BYTES) yield PIECE;
}
