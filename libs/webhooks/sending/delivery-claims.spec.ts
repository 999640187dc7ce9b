import { WebhookLab } from '../spec/webhook-lab';
import { DeliveryClaims } from './delivery-claims.store';
import { HostSlots } from './host-slots';

const isAboutDeliveries = (sql: string) => sql.includes('deliveries');

describe('DeliveryClaims', () => {
  let lab: WebhookLab;

  beforeEach(async () => {
    lab = await WebhookLab.open();
  });

  afterEach(async () => {
    await lab.close();
  });

  async function owe(host: string, count: number): Promise<void> {
    await lab.run(async (tx) => {
      const { id } = await lab.endpoints.createStanding(tx, { url: `https://${host}/` });
      for (let each = 0; each < count; each += 1) {
        const eventId = `${host} ${String(each).padStart(5, '0')}`;
        await tx.insert('webhook_messages', {
          event_id: eventId,
          job_id: 'job',
          type: 'job.completed',
          run: 1,
          seq: 1,
          job: '{}',
          artifacts: '[]',
          created_at: each,
        });
        await tx.insert('deliveries', {
          id: eventId,
          event_id: eventId,
          endpoint_id: id,
          job_id: 'job',
          host,
          status: 'pending',
          attempt_count: 0,
          schedule_step: 0,
          next_attempt_at: each,
          created_at: each,
        });
      }
    });
  }

  function claim(slots: HostSlots, now = lab.clock.now()) {
    return lab.run((tx) => lab.app.get(DeliveryClaims).claim(tx, slots, now, 1000));
  }

  it('takes the oldest of each host, as many as there is room for', async () => {
    await owe('a.example', 10);
    await owe('b.example', 1);
    await owe('c.example', 10);

    const claimed = await claim(new HostSlots(6, 3));

    expect(claimed.map((delivery) => delivery.id).toSorted()).toEqual([
      'a.example 00000',
      'a.example 00001',
      'a.example 00002',
      'b.example 00000',
      'c.example 00000',
      'c.example 00001',
    ]);
  });

  it('takes none twice while its claim lives, and none before its time', async () => {
    await owe('a.example', 3);

    const first = await claim(new HostSlots(9, 2), 1);
    const second = await claim(new HostSlots(9, 9), 1);
    const third = await claim(new HostSlots(9, 9), 1000);
    const fourth = await claim(new HostSlots(9, 9), 1001);

    expect(first).toHaveLength(2);
    expect(second).toEqual([]);
    expect(third.map((delivery) => delivery.id)).toEqual(['a.example 00002']);
    expect(fourth).toHaveLength(2);
  });

  it('finds due hosts and rows through the index, whatever the backlog of one', async () => {
    await owe('a.example', 500);
    await owe('b.example', 1);
    const seen: string[] = [];
    const slots = new HostSlots(64, 4);
    await lab.run(async (tx) => {
      const watched = {
        ...tx,
        query: <Row>(sql: string, params: []) => (seen.push(sql), tx.query<Row>(sql, params)),
        entities: (entity: never, sql: string, params: []) => (
          seen.push(sql),
          tx.entities(entity, sql, params)
        ),
      };
      await lab.app.get(DeliveryClaims).claim(watched as never, slots, lab.clock.now(), 1000);
      for (const sql of new Set(seen.filter(isAboutDeliveries))) {
        const marks = sql.split('?').length - 1;
        const plan = await tx.query<{ detail: string }>(
          `EXPLAIN QUERY PLAN ${sql}`,
          Array.from({ length: marks }, () => 1),
        );
        const steps = plan.map((step) => step.detail);
        expect(steps.filter((step) => step.includes('SCAN deliveries'))).toEqual([]);
        expect(steps.join('\n')).toContain('deliveries_due_by_host');
        // A claim that sorted would read the whole backlog of its host to take four of it.
        if (sql.includes('UPDATE')) expect(steps.join('\n')).not.toContain('TEMP B-TREE');
      }
    });
    expect(new Set(seen.filter(isAboutDeliveries)).size).toBe(2);
  });
});
