import { Receiver, eventually } from '@foreman/testing';
import { type DataFolder, GatewayProcess, makeDataFolder } from './harness';

/** Jobs that end, and so deliveries that are owed. */
const JOBS = 150;
/** Posts after which the gateway dies: in the midst of claims, posts and records. */
const KILLED_AFTER = [20, 80];
/** A dead gateway's claims lapse after 20 s; then what it had not recorded is sent again. */
const ALL_ARRIVE_WITHIN_MS = 60_000;

interface Told {
  readonly data: { readonly job: { readonly id: string; readonly seq: number } };
}

interface Stats {
  readonly deliveries: Record<string, number>;
}

describe('webhooks of a gateway that is killed', () => {
  let folder: DataFolder;
  let receiver: Receiver;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    folder = await makeDataFolder();
    receiver = await Receiver.start();
  });

  afterAll(async () => {
    await gateway.kill();
    await receiver.stop();
    await folder.remove();
  });

  const start = async () => {
    gateway = await GatewayProcess.start(folder.path, {
      FOREMAN_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      FOREMAN_LOG_LEVEL: 'info',
    });
  };

  /** Cancelling is the shortest way to an end; an answer that is lost with the gateway is asked for again. */
  async function cancel(jobId: string): Promise<void> {
    await eventually(
      `${jobId} is cancelled`,
      async () => {
        try {
          return (await gateway.asAdmin('POST', `/jobs/${jobId}/cancel`)).status === 200;
        } catch {
          return false;
        }
      },
      ALL_ARRIVE_WITHIN_MS,
    );
  }

  function arrivals(): Map<string, Set<string>> {
    const idsOfJob = new Map<string, Set<string>>();
    for (const { body, headers } of receiver.posts) {
      const { id } = (JSON.parse(body) as Told).data.job;
      idsOfJob.set(id, (idsOfJob.get(id) ?? new Set()).add(headers['webhook-id'] ?? ''));
    }
    return idsOfJob;
  }

  it('arrive at least once, and every duplicate under the same id', async () => {
    await start();
    const jobs = Array.from({ length: JOBS }, () => ({
      kind: 'nobody-runs-this',
      webhook: { url: receiver.url() },
    }));
    const submitted = await gateway.asAdmin<{ items: { id: string }[] }>('POST', '/jobs/batch', {
      jobs,
    });
    const jobIds = submitted.body.items.map((job) => job.id);
    expect(jobIds).toHaveLength(JOBS);

    const cancelling = Promise.all(jobIds.map((jobId) => cancel(jobId)));
    for (const posts of KILLED_AFTER) {
      await receiver.received(posts);
      await gateway.kill();
      await start();
    }
    await cancelling;
    await eventually(
      'every event has arrived',
      () => arrivals().size === JOBS,
      ALL_ARRIVE_WITHIN_MS,
    );

    expect([...arrivals().keys()].toSorted()).toEqual(jobIds.toSorted());
    // One that arrived just before its gateway died is owed until that claim lapses: it arrives once more.
    await eventually(
      'every arrival is recorded',
      async () => {
        const { body } = await gateway.asAdmin<Stats>('GET', '/admin/stats');
        return body.deliveries['delivered'] === JOBS;
      },
      ALL_ARRIVE_WITHIN_MS,
    );
    expect([...arrivals().values()].filter((ids) => ids.size !== 1)).toEqual([]);
  }, 180_000);
});
