import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { eventually } from '@foreman/testing';
import { request } from 'undici';
import { GatewayProcess, makeDataFolder } from './harness';

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

const ROWS = 30_000;
const ROWS_A_PIECE = 250;
const WITHIN_MS = 180_000;

/** Numbers that no double holds among them: what is stored is what was sent, to the char. */
const fields = (index: number) =>
  `"configId":"c${index}","config":{"seed":9007199254740993${index},"fast":${index % 97}},` +
  `"metrics":{"sharpe":${index / 7},"exact":0.1000000000000000055${index},"ok":${index % 2 === 0}}`;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('kill -9 of the gateway in the middle of a stream of rows', () => {
  const cleanup: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const undo of cleanup.splice(0).toReversed()) await undo();
  });

  it(
    'loses no row that was told of, and after the repeat the stored rows are those that were sent',
    async () => {
      const folder = await makeDataFolder();
      cleanup.push(folder.remove);
      let gateway = await GatewayProcess.start(folder.path);
      cleanup.push(() => gateway.kill());
      const edge = await gateway.enrolEdge(['study']);
      await gateway.asAdmin('POST', '/jobs', { kind: 'study' });
      const next = { token: edge.token, body: {} };
      const answer = await gateway.call<Task>('POST', '/internal/edges/tasks/next', next);
      const task = answer.body;

      const send = async (body: Iterable<string> | AsyncIterable<string>) => {
        const path = `/internal/edges/tasks/${task.taskId}/results`;
        const { statusCode, body: answered } = await request(gateway.baseUrl + path, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${edge.token}`,
            'foreman-lease': task.leaseToken,
            'content-type': 'application/x-ndjson',
          },
          body: Readable.from(body),
        });
        return { statusCode, body: await answered.json() };
      };
      const read = () =>
        gateway.call('GET', `/jobs/${task.jobId}/results`, {
          token: gateway.adminToken,
          headers: { accept: 'application/x-ndjson' },
        });
      // The sender waits in the middle until a part of it is stored, and never ends.
      let isDead: () => void = () => undefined;
      const dead = new Promise<void>((resolve) => (isDead = resolve));
      async function* half(): AsyncGenerator<string> {
        yield* pieces(0, ROWS / 2);
        await dead;
      }
      const sending = send(half()).then(
        () => 'answered',
        () => 'broken',
      );
      const before = await eventually(
        'stored rows',
        async () => {
          const { text } = await read();
          return text.split('\n').length > 2000 ? text : null;
        },
        WITHIN_MS / 3,
      );
      await gateway.kill();
      isDead();
      expect(await sending).toBe('broken');

      const { port } = new URL(gateway.baseUrl);
      gateway = await GatewayProcess.start(folder.path, { PORT: port });
      const survived = (await read()).text;
      expect(survived.startsWith(before)).toBe(true);

      expect(await send(pieces(0, ROWS))).toEqual({
        statusCode: 200,
        body: { received: ROWS, stored: ROWS },
      });
      const sent = Array.from({ length: ROWS }, (_, index) => `{"taskIndex":0,${fields(index)}}\n`);
      const stored = (await read()).text;
      expect(stored.length).toBe(sent.join('').length);
      expect(sha256(stored)).toBe(sha256(sent.join('')));
    },
    WITHIN_MS,
  );
});

function* pieces(from: number, to: number): Generator<string> {
  for (let start = from; start < to; start += ROWS_A_PIECE) {
    const indexes = Array.from({ length: ROWS_A_PIECE }, (_, index) => start + index);
    yield indexes.map((index) => `{${fields(index)}}\n`).join('');
  }
}
