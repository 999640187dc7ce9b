import * as fc from 'fast-check';
import { sha256Hex } from '@foreman/kernel';
import { ArtifactObjects } from './artifact-objects';
import { ArtifactLab, LIMIT } from './spec/artifact-lab';

describe('artifact objects', () => {
  let lab: ArtifactLab;

  beforeEach(async () => {
    lab = await ArtifactLab.open();
  });

  afterEach(() => lab.close());

  describe('by value or by URL', () => {
    it('exactly one of both, at the limit to the byte, whatever goes in', async () => {
      const around = fc.integer({ min: LIMIT - 2, max: LIMIT + 2 });
      const type = fc.constantFrom('application/json', 'text/plain', 'image/png', 'a/b+json');
      await fc.assert(
        fc.asyncProperty(around, type, async (size, contentType) => {
          const lease = await lab.lease();
          const text = contentType.endsWith('json')
            ? `"${'x'.repeat(size - 2)}"`
            : 'x'.repeat(size);
          await lab.put(lease, 'it', text, contentType);
          await lab.complete(lease);
          const it = (await lab.shown(lease.jobId)).find(({ name }) => name === 'it');
          const isInline = size <= LIMIT && contentType !== 'image/png';
          const value = contentType.endsWith('json') ? text.slice(1, -1) : text;
          expect(it).toMatchObject({
            size,
            inline: isInline ? value : null,
            url: isInline ? null : `http://foreman.test/jobs/${lease.jobId}/artifacts/it`,
          });
        }),
        { numRuns: 40 },
      );
    }, 60_000);

    it('gives back what went in, whatever its name, type and bytes', async () => {
      const names = fc.stringMatching(/^[A-Za-z_-][A-Za-z0-9._-]{0,119}$/);
      const types = fc.constantFrom('text/plain', 'application/json', 'application/octet-stream');
      await fc.assert(
        fc.asyncProperty(
          names,
          types,
          fc.uint8Array({ maxLength: 600 }),
          async (name, type, raw) => {
            const lease = await lab.lease();
            const bytes = Buffer.from(raw);
            await lab.put(lease, name, bytes, type);
            await lab.complete(lease);
            expect(bytes.equals(await lab.bytesOf(lease.jobId, name))).toBe(true);
            const found = (await lab.shown(lease.jobId)).find((object) => object.name === name);
            expect(found).toMatchObject({ sha256: sha256Hex(bytes), size: bytes.length });
            expect([found?.inline === null, found?.url === null].filter(Boolean)).toHaveLength(1);
            if (typeof found?.inline === 'string' && type === 'text/plain') {
              expect(bytes.equals(Buffer.from(found.inline))).toBe(true);
            }
          },
        ),
        { numRuns: 40 },
      );
    }, 60_000);

    it('spends a budget on the completion first, then by name', async () => {
      const lease = await lab.lease();
      await lab.put(lease, 'completion', 'c'.repeat(100));
      for (const name of ['a', 'b', 'd']) await lab.put(lease, name, 'x'.repeat(100));
      await lab.complete(lease);
      const inlined = async (budget: number) =>
        (await lab.shown(lease.jobId, budget))
          .filter(({ url }) => url === null)
          .map(({ name }) => name);
      // A text of 100 bytes stands in a JSON body as 102.
      expect(await inlined(0)).toEqual([]);
      expect(await inlined(101)).toEqual([]);
      expect(await inlined(102)).toEqual(['completion']);
      expect(await inlined(203)).toEqual(['completion']);
      expect(await inlined(204)).toEqual(['completion', 'a']);
      expect(await inlined(10_000)).toEqual(['completion', 'a', 'b', 'd']);
    });

    it('inlines nothing at a budget of 0, not even nothing', async () => {
      const lease = await lab.lease();
      await lab.put(lease, 'empty', '');
      await lab.complete(lease);
      expect((await lab.shown(lease.jobId, 0)).every(({ url }) => url !== null)).toBe(true);
    });
  });

  describe('of a job of many tasks', () => {
    it("names each task's artifacts by its index, and composes the job's completion", async () => {
      const { job, leases } = await lab.leaseAll(3);
      await lab.put(leases[0]!, 'completion', '{"best":1}', 'application/json');
      await lab.put(leases[0]!, 'log', 'x');
      await lab.put(leases[2]!, 'completion', 'x'.repeat(LIMIT), 'text/plain');
      for (const lease of leases) await lab.complete(lease, [], job);
      const all = await lab.shown(job.id);
      expect(all.map(({ name }) => name)).toEqual([
        'completion',
        '0.completion',
        '0.log',
        '2.completion',
      ]);
      expect(all[0]?.inline).toEqual({
        tasks: [
          { best: 1 },
          null,
          {
            name: '2.completion',
            sha256: all[3]?.sha256,
            url: `http://foreman.test/jobs/${job.id}/artifacts/2.completion`,
          },
        ],
      });
    });

    it('shows the completion of the job only once all of its tasks have completed', async () => {
      const { job, leases } = await lab.leaseAll(2);
      await lab.complete(leases[0]!, [], job);
      expect(await lab.shown(job.id)).toEqual([]);
      await lab.complete(leases[1]!, [], job);
      expect(await lab.shown(job.id)).toMatchObject([
        { name: 'completion', inline: { tasks: [null, null] } },
      ]);
    });

    it('keeps the document within the limit, by index, and larger ones as references', async () => {
      const { job, leases } = await lab.leaseAll(3);
      for (const lease of leases) {
        await lab.put(lease, 'completion', JSON.stringify('v'.repeat(30)), 'application/json');
      }
      for (const lease of leases) await lab.complete(lease, [], job);
      const document = await lab.bytesOf(job.id, 'completion');
      const { tasks } = JSON.parse(String(document)) as { tasks: unknown[] };
      expect(document.length).toBeLessThanOrEqual(LIMIT);
      expect(tasks).toEqual(['v'.repeat(30), 'v'.repeat(30), 'v'.repeat(30)]);
    });

    it('refers to values that would change by parsing', async () => {
      const { job, leases } = await lab.leaseAll(2);
      await lab.put(leases[0]!, 'completion', '1e400', 'application/json');
      for (const lease of leases) await lab.complete(lease, [], job);
      const [completion] = await lab.shown(job.id);
      expect(completion?.inline).toMatchObject({ tasks: [{ name: '0.completion' }, null] });
    });
  });

  it('lets others run between many values', async () => {
    const lease = await lab.lease();
    const declared = Array.from({ length: 200 }, (_, n) => ({
      name: `a${n}`,
      contentType: 'application/json',
      inline: n,
    }));
    await lab.complete(lease, declared);
    const objects = lab.engine.get(ArtifactObjects);
    const records = await objects.list(lab.engine.reads, lease.jobId);
    let turns = 0;
    let isOver = false;
    const turn = () => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    await objects.of(lease.jobId, records, null);
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(3);
  });
});
