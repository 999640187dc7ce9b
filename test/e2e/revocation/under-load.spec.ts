import { ParkedPolls } from '@foreman/leasing';
import { eventually } from '@foreman/testing';
import { EventReaders } from '../../../apps/gateway/jobs-api/events/event-readers';
import type { TestEdge } from '../harness';
import { JSON_BODY, LARGE_BYTES, RevocationLab, SUBMISSION } from './revocation-lab';

/** Many rounds, on a machine that may be busy. */
jest.setTimeout(180_000);

const ROUNDS = Array.from({ length: 6 }, (_, round) => round);

describe('a revocation', () => {
  let lab: RevocationLab;
  let downloadPath: string;
  beforeAll(async () => {
    lab = await RevocationLab.start();
    downloadPath = await lab.largeArtifact();
  });
  afterAll(() => lab.stop());

  it.each(ROUNDS)(
    'of an API key ends all that it has let in: nothing comes behind the answer (%d)',
    async () => {
      const { gateway } = lab;
      const { id, token } = await lab.makeKey('jobs:read', 'jobs:write');
      const make = async (path: string, body: unknown) =>
        (await gateway.call<{ id: string }>('POST', path, { token, body })).body.id;
      const jobId = await make('/jobs', { kind: 'none' });
      const inputId = await make('/inputs', { contentType: 'text/plain' });
      const [part, rest] = [SUBMISSION.slice(0, 5), SUBMISSION.slice(5)];
      const submitting = lab.halfSent(token, 'POST /jobs', JSON_BODY, SUBMISSION.length, part);
      const uploading = lab.halfSent(token, `PUT /inputs/${inputId}`, 'X: y', 8, 'half');
      const events = lab.begin(token, [`GET /jobs/${jobId}/events`]).read();
      const download = lab.begin(token, [`GET ${downloadPath}`]);
      const short = [
        ...Array.from({ length: 6 }, () => lab.callOn(token, 'POST', '/jobs', { kind: 'none' })),
        ...Array.from({ length: 3 }, () => lab.callOn(token, 'GET', '/jobs?limit=5')),
      ];
      await eventually('all of it is under way', () => {
        return lab.madeBy(id)[0] > 10 && events.text.includes('event: state');
      });
      // Whoever does not wait for an answer is not forgotten for it.
      const dropped = Array.from({ length: 5 }, () => lab.submit(token));
      const revoking = gateway.asAdmin('DELETE', `/admin/api-keys/${id}`);
      for (const call of dropped) call.drop();

      expect((await revoking).status).toBe(204);
      const made = lab.madeBy(id);
      const later = () => gateway.call('GET', '/jobs', { token });
      const after = await Promise.all([later(), later(), later()]);
      expect(after.map(({ status }) => status)).toEqual([401, 401, 401]);
      await submitting.finish(rest);
      await uploading.finish('half');
      download.read();
      for (const stream of [events, download]) {
        await eventually('it is cut off', () => stream.isClosed);
      }
      await Promise.all(short);
      expect(download.text.length).toBeLessThan(LARGE_BYTES);
      expect([submitting.status, uploading.status]).toEqual([401, 401]);
      expect(lab.madeBy(id)).toEqual(made);
      expect(gateway.app.get(EventReaders).count).toBe(0);
    },
  );

  /** What ends an edge's token; answers the status of the call that tells of it. */
  const ENDINGS: Record<string, (edge: TestEdge) => Promise<number>> = {
    'of an edge': async ({ edgeId }) =>
      (await lab.gateway.asAdmin('DELETE', `/admin/edges/${edgeId}`)).status,
    "of an edge's token by the first use of another": async (edge) => {
      const token = await lab.rotate(edge);
      // As good as each other: whichever is answered first has ended the older token.
      return (await Promise.race([lab.beat(token), lab.beat(token), lab.beat(token)])).status;
    },
  };
  const cases = Object.entries(ENDINGS).flatMap(([what, endToken]) =>
    ROUNDS.map((round) => [what, round, endToken] as const),
  );

  it.each(cases)(
    '%s ends all that it has let in: nothing comes behind the answer (%d)',
    async (what, round, endToken) => {
      const { gateway } = lab;
      const kind = `k-${what.length}-${round}`;
      const edge = await gateway.enrolEdge([kind]);
      const { token } = edge;
      await gateway.asAdmin('POST', '/jobs', { kind });
      const { taskId, leaseToken } = await lab.leaseOne(edge);
      const at = `/internal/edges/tasks/${taskId}`;
      const lease = `Foreman-Lease: ${leaseToken}`;
      const polls = ['X: y', 'Idempotency-Key: p1', 'X: z'].map((header) => {
        const body = '{"waitSeconds":50}';
        const headers = [header, JSON_BODY, `Content-Length: ${body.length}`, 'Connection: close'];
        return lab.begin(token, ['POST /internal/edges/tasks/next', ...headers], body).read();
      });
      const row = '{"configId":"a","config":{},"metrics":{"m":1}}\n';
      const ndjson = `${lease}\r\nContent-Type: application/x-ndjson`;
      const rows = lab.halfSent(token, `POST ${at}/results`, ndjson, 2 * row.length, row);
      const upload = lab.halfSent(token, `PUT ${at}/artifacts/a.txt`, lease, 8, 'half');
      const beats = Array.from({ length: 4 }, () =>
        lab.callOn(token, 'POST', '/internal/edges/heartbeat', { tasks: [] }),
      );
      const parked = gateway.app.get(ParkedPolls);
      await eventually('all of it is under way', () => parked.count === 3);

      expect([200, 204]).toContain(await endToken(edge));
      const state = () => [
        lab.count('SELECT count(*) FROM result_rows'),
        lab.count('SELECT count(*) FROM artifacts WHERE task_id = ?', taskId),
        lab.count('SELECT count(*) FROM attempts WHERE edge_id = ?', edge.edgeId),
        lab.count('SELECT count(*) FROM late_writes'),
      ];
      const left = state();
      expect(parked.count).toBe(0);
      await gateway.asAdmin('POST', '/jobs', { kind });
      expect((await lab.beat(token)).status).toBe(401);
      await rows.finish(row);
      await upload.finish('half');
      for (const poll of polls) await poll.finish('');
      await Promise.all(beats);
      expect(state()).toEqual(left);
      const told = [rows, upload, ...polls].map(({ status }) => status);
      expect(told).toEqual([401, 401, 401, 401, 401]);
    },
  );
});
