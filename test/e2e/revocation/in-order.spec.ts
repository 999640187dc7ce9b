import { ReadConnection } from '@foreman/database';
import { Heartbeats } from '@foreman/progress';
import { eventually } from '@foreman/testing';
import { JobIntake } from '../../../apps/gateway/jobs-api/job-intake';
import { RevocationLab } from './revocation-lab';

/** A start of the whole gateway, on a machine that may be busy. */
jest.setTimeout(60_000);

/** Something that does not go on before it is told to. */
class Hold {
  isReached = false;
  goOn: () => void = () => undefined;
  private readonly gone = new Promise<void>((resolve) => (this.goOn = resolve));

  async wait(): Promise<void> {
    this.isReached = true;
    await this.gone;
  }

  reached(): Promise<boolean> {
    return eventually('it is held', () => this.isReached);
  }
}

describe('a revocation', () => {
  let lab: RevocationLab;
  beforeAll(async () => {
    lab = await RevocationLab.start();
  });
  afterAll(() => lab.stop());
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const revokeKey = (id: string) => lab.gateway.asAdmin('DELETE', `/admin/api-keys/${id}`);
  const revokeEdge = (id: string) => lab.gateway.asAdmin('DELETE', `/admin/edges/${id}`);

  /** The next look at a token has found it good, and does not say so yet. */
  function holdNextLook(): Hold {
    const reads = lab.gateway.app.get(ReadConnection);
    const entities = reads.entities.bind(reads);
    const hold = new Hold();
    jest.spyOn(reads, 'entities').mockImplementation(async (entity, sql, params) => {
      const found = await entities(entity, sql, params);
      if (!hold.isReached && sql.includes('token_hash = ?')) await hold.wait();
      return found;
    });
    return hold;
  }

  it('refuses who was looked up before it and let in behind it, then and later', async () => {
    const { id, token } = await lab.makeKey('jobs:read');
    const call = () => lab.gateway.call('GET', '/jobs', { token });
    const look = holdNextLook();
    const between = call();
    await look.reached();
    expect((await revokeKey(id)).status).toBe(204);
    look.goOn();
    expect((await between).status).toBe(401);
    expect((await call()).status).toBe(401);
  });

  it('refuses an edge that was looked up before it and let in behind it, then and later', async () => {
    const { edgeId, token } = await lab.gateway.enrolEdge();
    expect((await lab.beat(token)).status).toBe(200);
    const look = holdNextLook();
    const between = lab.beat(token);
    await look.reached();
    expect((await revokeEdge(edgeId)).status).toBe(204);
    look.goOn();
    expect((await between).status).toBe(401);
    expect((await lab.beat(token)).status).toBe(401);
  });

  it('is not answered while a call is at work, whose caller has gone, and says so when that takes long', async () => {
    const { id, token } = await lab.makeKey('jobs:write');
    const intake = lab.gateway.app.get(JobIntake);
    const take = intake.take.bind(intake);
    const work = new Hold();
    jest.spyOn(intake, 'take').mockImplementationOnce(async (...args) => {
      await work.wait();
      return take(...args);
    });
    const call = lab.submit(token);
    await work.reached();
    call.drop();
    const { status, body, headers } = await revokeKey(id);
    expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'server.busy', '1']);
    expect((await lab.gateway.call('POST', '/jobs', { token, body: {} })).status).toBe(401);
    const again = revokeKey(id);
    work.goOn();
    expect((await again).status).toBe(204);
    expect(lab.madeBy(id)).toEqual([1, 0]);
  });

  it('of a key by itself does not wait for its own call, nor for another that revokes it', async () => {
    const { id, token } = await lab.makeKey('admin');
    const revoke = () => lab.gateway.call('DELETE', `/admin/api-keys/${id}`, { token });
    const answers = await Promise.all([revoke(), revoke(), revoke()]);
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(204);
    expect(statuses.filter((status) => status !== 204 && status !== 401)).toEqual([]);
    expect((await revoke()).status).toBe(401);
  });

  it('ends a call that waits for the calls of an older token, and waits for those itself', async () => {
    const edge = await lab.gateway.enrolEdge();
    await lab.beat(edge.token);
    const work = new Hold();
    const heartbeats = lab.gateway.app.get(Heartbeats);
    jest.spyOn(heartbeats, 'beatAll').mockImplementationOnce(async () => {
      await work.wait();
      return [];
    });
    const atWork = lab.beat(edge.token);
    await work.reached();
    const waiting = lab.beat(await lab.rotate(edge));
    const unused = 'SELECT count(*) FROM unused_edge_tokens WHERE edge_id = ?';
    await eventually('the new token is used', () => lab.count(unused, edge.edgeId) === 0);
    const revoking = revokeEdge(edge.edgeId);
    expect((await waiting).status).toBe(401);
    work.goOn();
    expect((await atWork).status).toBe(200);
    expect((await revoking).status).toBe(204);
  });
});
