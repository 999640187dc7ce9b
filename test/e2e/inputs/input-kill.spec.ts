import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { sha256Hex } from '@foreman/kernel';
import { request } from 'undici';
import { GatewayProcess, makeDataFolder } from '../harness';

const WITHIN_MS = 180_000;
const PIECES = 16;
const PIECE_BYTES = 262_144;
/** The gateway dies when so many pieces have been asked for; with the last ones its answer may be on its way. */
const MOMENTS = [1, 4, 9, 15, 16];

interface Input {
  readonly id: string;
  readonly storedAt: string | null;
  readonly sha256: string | null;
}

describe('kill -9 of the gateway while an input is put', () => {
  const cleanup: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const undo of cleanup.splice(0).toReversed()) await undo();
  }, WITHIN_MS);

  it(
    'leaves it open or whole, and the same PUT again makes it whole',
    async () => {
      const folder = await makeDataFolder();
      cleanup.push(folder.remove);
      let gateway = await GatewayProcess.start(folder.path);
      cleanup.push(() => gateway.kill());
      const edge = await gateway.enrolEdge(['test']);

      for (const moment of MOMENTS) {
        const bytes = randomBytes(PIECES * PIECE_BYTES);
        const sha256 = sha256Hex(bytes);
        const body = { contentType: 'application/octet-stream' };
        const { id } = (await gateway.asAdmin<Input>('POST', '/inputs', body)).body;
        const put = async (beforePiece: (piece: number) => void = () => undefined) => {
          const pieces = function* () {
            for (let piece = 0; piece < PIECES; piece += 1) {
              beforePiece(piece + 1);
              yield bytes.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
            }
          };
          const answer = await request(`${gateway.baseUrl}/inputs/${id}`, {
            method: 'PUT',
            headers: { authorization: `Bearer ${gateway.adminToken}` },
            body: Readable.from(pieces()),
          });
          await answer.body.dump();
          return answer.statusCode;
        };
        let killed: Promise<unknown> | null = null;
        const status = await put((piece) => {
          if (piece === moment) killed = gateway.kill();
        }).catch(() => null);
        await killed;
        gateway = await GatewayProcess.start(folder.path);

        const found = (await gateway.asAdmin<Input>('GET', `/inputs/${id}`)).body;
        expect(found.sha256).toBe(found.storedAt === null ? null : sha256);
        if (status === 201) expect(found.storedAt).not.toBeNull();
        const again = await put();
        expect(again).toBe(found.storedAt === null ? 201 : 200);

        const inputs = [{ name: 'it', inputId: id }];
        await gateway.asAdmin('POST', '/jobs', { kind: 'test', inputs });
        const leased = await gateway.call<{ taskId: string; leaseToken: string }>(
          'POST',
          '/internal/edges/tasks/next',
          { token: edge.token, body: {} },
        );
        const { taskId, leaseToken } = leased.body;
        const path = `/internal/edges/tasks/${taskId}/inputs/it`;
        const answer = await fetch(gateway.baseUrl + path, {
          headers: { authorization: `Bearer ${edge.token}`, 'foreman-lease': leaseToken },
        });
        expect(sha256Hex(Buffer.from(await answer.arrayBuffer()))).toBe(sha256);
      }
    },
    WITHIN_MS,
  );
});
