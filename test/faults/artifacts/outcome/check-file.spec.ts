import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type DataFolder, makeDataFolder } from '../../../e2e/harness/data-folder';
import { startInProcess } from '../../../e2e/harness/in-process-gateway';
import { EdgeCalls } from '../load/edge-calls';
import { GatewayLink } from '../load/gateway-link';
import { KillTrigger } from '../load/kill-trigger';
import { ServiceCalls } from '../load/service-calls';
import { checkFile } from './check-file';

/** Three chunks. */
const BYTES = Buffer.alloc(600_000, 'curve,');
const LATER = 9_999_999_999_999;

const BIG = `(SELECT key FROM blobs WHERE size = ${BYTES.length})`;
const NO_ONE = `'00000000-0000-7000-8000-00000000dead'`;

const JOB_COUNT = /^a job's count that is not that of its artifacts/;
const LEASE_COUNT = /^a lease's count that is not that of what it has staged/;
const INPUT_TOTAL = /^a total that is not that of the inputs: 1$/;

/** Each kind of damage, and how it is told. */
const DAMAGES: Record<string, [sql: string, finding: RegExp]> = {
  'bytes that nothing names': [
    `INSERT INTO blobs (key, size, written_at) VALUES ('stray', 0, 1)`,
    /^a blob without an owner: stray$/,
  ],
  'an upload that was never finished': [
    `INSERT INTO blobs (key, written_at) VALUES ('stray', 1)`,
    /^a blob without an owner: stray$/,
  ],
  'a chunk of no blob': [
    `INSERT INTO blob_chunks (blob_key, start_byte, bytes) VALUES ('stray', 0, x'00')`,
    /^a chunk without a blob: stray$/,
  ],
  'an artifact whose blob is gone': [
    `DELETE FROM blobs WHERE key = ${BIG}`,
    /^an owner without its blob/,
  ],
  'bytes of inputs whose blob is gone': [
    `DELETE FROM blobs WHERE key = (SELECT blob_key FROM input_blobs)`,
    /^an owner without its blob/,
  ],
  'a blob of an artifact and of inputs': [
    `UPDATE input_blobs SET blob_key = ${BIG}`,
    /^two owners of one blob/,
  ],
  'an artifact whose blob is not finished': [
    `UPDATE blobs SET size = NULL WHERE key = ${BIG}`,
    /^a blob that was never finished/,
  ],
  'an artifact whose blob is to be deleted': [
    `UPDATE blobs SET released_at = ${LATER} WHERE key = ${BIG}`,
    /^a blob that was never finished, or is to be deleted/,
  ],
  'an artifact of another size': [
    `UPDATE artifacts SET size = 3 WHERE blob_key = ${BIG}`,
    /^a blob of another size/,
  ],
  'a missing last chunk': [
    `DELETE FROM blob_chunks WHERE blob_key = ${BIG} AND start_byte > 500000`,
    /^bytes of another length/,
  ],
  'a missing chunk in the middle': [
    `DELETE FROM blob_chunks WHERE blob_key = ${BIG} AND start_byte = 262144`,
    /^chunks that do not follow/,
  ],
  'another byte': [
    `UPDATE blob_chunks SET bytes = CAST('X' || substr(bytes, 2) AS blob)
     WHERE blob_key = ${BIG} AND start_byte = 0`,
    /^bytes of another digest/,
  ],
  'an artifact of no job': [
    `UPDATE artifacts SET job_id = ${NO_ONE} WHERE blob_key = ${BIG}`,
    /^an artifact without its job/,
  ],
  'an artifact that is staged for a task that is over': [
    `UPDATE artifacts SET state = 'staged', lease_token = 'l', published_at = NULL WHERE blob_key = ${BIG}`,
    /^an artifact that is staged for a task that is over/,
  ],
  'an artifact that is published before its task has completed': [
    `UPDATE artifacts SET state = 'published', lease_token = NULL, published_at = 1 WHERE state = 'staged'`,
    /^an artifact that is published for a task that has not completed/,
  ],
  'a job that is half pruned': [
    `UPDATE jobs SET hidden_at = 1 WHERE status = 'completed'`,
    /^a job that is hidden/,
  ],
  'a completed job without its completion': [
    `DELETE FROM artifacts WHERE name = 'completion'`,
    /^a job that has completed without its completion/,
  ],
  'bytes that count an input too many': [
    `UPDATE input_blobs SET refs = refs + 1`,
    /^bytes of inputs with a wrong count/,
  ],
  'an input that counts a hold too many': [
    `UPDATE inputs SET holds = holds + 1`,
    /^an input with a wrong count of holds/,
  ],
  'an input that counts a hold too few': [
    `UPDATE inputs SET holds = 0`,
    /^an input with a wrong count of holds/,
  ],
  'a total of artifacts that is one too high': [
    `UPDATE artifact_totals SET artifacts = artifacts + 1 WHERE state = 'published'`,
    /^a total that is not the sum of its artifacts: test, default, published$/,
  ],
  'a total of bytes that is one too low': [
    `UPDATE artifact_totals SET bytes = bytes - 1 WHERE state = 'staged'`,
    /^a total that is not the sum of its artifacts: test, default, staged$/,
  ],
  'a total that is not there': [
    `DELETE FROM artifact_totals`,
    /^a total that is not the sum of its artifacts: test, default, staged$/,
  ],
  'a job that counts an artifact too many': [
    `UPDATE job_artifact_usage SET artifacts = artifacts + 1 WHERE artifacts = 2`,
    JOB_COUNT,
  ],
  'a job that counts a byte too few': [
    `UPDATE job_artifact_usage SET bytes = bytes - 1 WHERE artifacts = 1`,
    JOB_COUNT,
  ],
  'a job that does not count': [`DELETE FROM job_artifact_usage WHERE artifacts = 2`, JOB_COUNT],
  'a count of a job that has nothing': [
    `INSERT INTO job_artifact_usage (job_id, artifacts, bytes) VALUES (${NO_ONE}, 0, 0)`,
    JOB_COUNT,
  ],
  'a lease that counts an artifact too few': [
    `UPDATE lease_artifact_usage SET artifacts = artifacts - 1`,
    LEASE_COUNT,
  ],
  'a lease that counts a byte too many': [
    `UPDATE lease_artifact_usage SET bytes = bytes + 1`,
    LEASE_COUNT,
  ],
  'a lease that does not count': [`DELETE FROM lease_artifact_usage`, LEASE_COUNT],
  'a count of a lease that has staged nothing': [
    `INSERT INTO lease_artifact_usage (task_id, lease_token, artifacts, bytes) VALUES (${NO_ONE}, 'l', 0, 0)`,
    LEASE_COUNT,
  ],
  'a total of inputs that is one too high': [
    `UPDATE input_totals SET inputs = inputs + 1`,
    INPUT_TOTAL,
  ],
  'a total of their bytes that is one too low': [
    `UPDATE input_totals SET bytes = bytes - 1`,
    INPUT_TOTAL,
  ],
  'a total of inputs that is not there': [`DELETE FROM input_totals`, INPUT_TOTAL],
  'a blob that the scrub found damaged': [
    `INSERT INTO corrupt_blobs (blob_key, expected_sha256, found_at)
     SELECT key, 'other', 1 FROM blobs WHERE key = ${BIG}`,
    /^a blob that is marked as damaged/,
  ],
  'a row that refers to nothing': [
    `UPDATE job_inputs SET input_id = ${NO_ONE}`,
    /^foreign_key_check: a row of job_inputs$/,
  ],
  'pages that nothing leads to any more': [
    `PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'blobs_unfinished'`,
    /^integrity_check: [^]*never used/,
  ],
};

describe('checkFile', () => {
  let folder: DataFolder;
  let healthy: string;
  let copies = 0;

  beforeAll(async () => {
    folder = await makeDataFolder();
    healthy = join(folder.path, 'healthy.db');
    await makeHealthyFile(healthy);
  });
  afterAll(() => folder.remove());

  it('finds nothing in a file with published and staged artifacts and inputs that are held', () => {
    expect(checkFile(healthy)).toEqual([]);
  });

  it.each(Object.entries(DAMAGES))('finds %s', async (_what, [sql, finding]) => {
    copies += 1;
    const file = join(folder.path, `damaged-${copies}.db`);
    await copyFile(healthy, file);
    const database = new Database(file);
    // What the driver would refuse is what is to be found.
    database.unsafeMode();
    database.pragma('foreign_keys = OFF');
    database.exec(sql);
    database.close();
    expect(checkFile(file)).toContainEqual(expect.stringMatching(finding));
  });
});

/** A completed job with an artifact of three chunks, another with an input and a staged artifact. */
async function makeHealthyFile(file: string): Promise<void> {
  const gateway = await startInProcess();
  const { token } = await gateway.enrolEdge(['test']);
  const link = new GatewayLink();
  link.open(gateway);
  const trigger = new KillTrigger();
  const edge = new EdgeCalls(link, trigger, token);
  const service = new ServiceCalls(link, trigger, gateway.adminToken);
  const job = { kind: 'test', taskCount: 1, ttlSeconds: 3600 };

  await service.submit('first', { ...job, inputId: null });
  const first = await edge.lease('first');
  await edge.upload(first, 'curve', BYTES);
  await edge.complete(first, []);
  const inputId = await service.createInput('input');
  await service.putInput(inputId, Buffer.from('prices'));
  await service.submit('second', { ...job, inputId });
  await edge.upload(await edge.lease('second'), 'curve', Buffer.from('staged'));

  const database = new Database(join(gateway.dataDir, 'foreman.db'), { readonly: true });
  database.prepare('VACUUM INTO ?').run(file);
  database.close();
  await gateway.stop();
}
