import { runThrough } from '../faults/webhooks/run-through';
import { makeDataFolder } from './harness';

const WITHIN_MS = 300_000;
/** `npm run faults -- webhooks` has another seed each time, and a thousand deliveries. */
const SETTINGS = { seed: 3, kills: 3, deliveries: 150 };

describe('kill -9 while webhooks are written, sent and recorded', () => {
  it(
    'loses none: each arrives at least once, under one id, with the same bytes, rightly signed; seq tells the order',
    async () => {
      const folder = await makeDataFolder();
      try {
        const record = await runThrough(SETTINGS, folder.path);
        expect(record.findings).toEqual([]);
        // It met what it is about: else finding nothing would say nothing.
        expect(record.kills.some(({ openPosts }) => openPosts > 0)).toBe(true);
        expect(record.arrivals).toBeGreaterThan(record.owed);
      } finally {
        await folder.remove();
      }
    },
    WITHIN_MS,
  );
});
