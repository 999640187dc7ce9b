import type { EdgePrincipal } from '@foreman/edges';
import type { CompleteCommand } from './completion';
import type { LeasedTask } from '../lease-request';
import { LeasingLab } from '../spec/leasing-lab';

describe('the key of a completion that leases the next task', () => {
  let lab: LeasingLab;
  let edge: EdgePrincipal;

  beforeEach(async () => {
    lab = await LeasingLab.open();
    edge = lab.edge();
  });
  afterEach(() => lab.close());

  const complete = (leased: LeasedTask, body = 'a', command: Partial<CompleteCommand> = {}) => {
    const path = `/tasks/${leased.task.id}/complete`;
    const idempotency = { key: 'k', path, bodySha256: body };
    return lab.complete(edge, leased, { wantsNext: true, idempotency, ...command });
  };
  /** With the requests that are remembered. */
  const snapshot = async () => [
    await lab.snapshot(),
    await lab.engine.reads.query('SELECT * FROM lease_requests'),
  ];
  const oneOfThree = async () => {
    await lab.submit({ tasks: [{}, {}, {}] });
    return lab.leaseOne(edge);
  };

  it('answers a repeat the same, and changes nothing', async () => {
    const leased = await oneOfThree();
    const first = await complete(leased);
    expect(first.next).not.toBeNull();
    const before = await snapshot();
    const again = await complete(leased);
    expect(again.next?.leaseToken).toBe(first.next?.leaseToken);
    expect(await snapshot()).toEqual(before);
  });

  it('refuses another body, and changes nothing', async () => {
    const leased = await oneOfThree();
    await complete(leased);
    const before = await snapshot();
    await expect(complete(leased, 'b')).rejects.toMatchObject({ code: 'idempotency.conflict' });
    expect(await snapshot()).toEqual(before);
    expect(await complete(leased)).toMatchObject({ next: { leaseToken: expect.any(String) } });
  });

  it('belongs to its body when there was nothing to lease, too, and never leases later', async () => {
    await lab.submit();
    const leased = await lab.leaseOne(edge);
    expect((await complete(leased)).next).toBeNull();
    await lab.submit();
    expect((await complete(leased)).next).toBeNull();
    await expect(complete(leased, 'b')).rejects.toMatchObject({ code: 'idempotency.conflict' });
    expect(await lab.lease(edge)).toHaveLength(1);
  });

  it('answers null once the next lease is over, and leases nothing', async () => {
    const leased = await oneOfThree();
    const { next } = await complete(leased);
    if (next === null) throw new Error('There was no next task');
    await lab.complete(edge, next);
    expect((await complete(leased)).next).toBeNull();
    expect(await lab.lease(edge)).toHaveLength(1);
  });

  it('is free again when the completion was refused', async () => {
    const leased = await oneOfThree();
    const refused = complete(leased, 'a', { resultCount: 7 });
    await expect(refused).rejects.toMatchObject({ code: 'results.incomplete' });
    expect(await complete(leased, 'b')).toMatchObject({ jobStatus: 'running' });
  });

  it('is not held against a lease that is lost: that one is told so', async () => {
    const first = await oneOfThree();
    await lab.release(edge, first);
    const again = await lab.leaseOne(edge);
    await complete(again);
    await expect(complete(first, 'b')).rejects.toMatchObject({ code: 'lease.lost' });
  });

  it('is not shared by two leases under one path', async () => {
    await lab.submit({ tasks: [{}, {}] });
    const [first, second] = await lab.lease(edge, { max: 2 });
    if (first === undefined || second === undefined) throw new Error('There were no two tasks');
    const idempotency = { key: 'k', path: '/complete', bodySha256: 'a' };
    await complete(first, 'a', { idempotency });
    const refused = complete(second, 'a', { idempotency });
    await expect(refused).rejects.toMatchObject({ code: 'idempotency.conflict' });
    expect((await lab.task(second.task.id)).status).toBe('leased');
  });

  it('is not looked at without a wish for the next task', async () => {
    const leased = await oneOfThree();
    await complete(leased, 'a', { wantsNext: false });
    expect(await complete(leased, 'b', { wantsNext: false })).toMatchObject({ next: null });
  });

  it('may differ, or be missing, in a repeat under the same lease', async () => {
    const leased = await oneOfThree();
    const { next } = await complete(leased);
    const other = { key: 'other', path: `/tasks/${leased.task.id}/complete`, bodySha256: 'a' };
    for (const idempotency of [other, undefined]) {
      const again = await complete(leased, 'a', { idempotency });
      expect(again.next?.leaseToken).toBe(next?.leaseToken);
    }
  });
});
