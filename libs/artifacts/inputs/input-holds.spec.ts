import { randomBytes } from 'node:crypto';
import { JobSubmission, type JobCommand } from '@foreman/jobs';
import { openTestEngine } from '@foreman/testing';
import { InputLab, LIMIT } from '../spec/input-lab';

/** Larger than what is written at once. */
const LARGE = randomBytes(300_000);

describe('inputs of jobs', () => {
  let lab: InputLab;

  beforeEach(async () => {
    lab = await InputLab.open();
  });

  afterEach(() => lab.close());

  describe('a job that names some', () => {
    it('gets its own for every task, and a task its own over them', async () => {
      const [a, b, c] = [await lab.stored('A'), await lab.stored('B'), await lab.stored('C')];
      const job = await lab.engine.submit({
        inputs: [
          { name: 'x', inputId: a.id },
          { name: 'y', inputId: b.id },
        ],
        tasks: [{}, { inputs: [{ name: 'y', inputId: c.id }] }, { inputs: [] }],
      });
      const values = async (index: number) =>
        (await lab.told(job.id, index)).map(({ name, inline }) => `${name}=${String(inline)}`);
      expect(await values(0)).toEqual(['x=A', 'y=B']);
      expect(await values(1)).toEqual(['x=A', 'y=C']);
      expect(await values(2)).toEqual(['x=A', 'y=B']);
    });

    it('tells of them as of artifacts: by value what is small and exact, else by URL', async () => {
      const named = {
        json: await lab.stored('{"a": 1}', { contentType: 'application/json' }),
        inexact: await lab.stored('1e400', { contentType: 'application/json' }),
        text: await lab.stored('t'.repeat(LIMIT)),
        long: await lab.stored('t'.repeat(LIMIT + 1)),
        bytes: await lab.stored('x', { contentType: 'image/png' }),
      };
      const list = Object.entries(named).map(([name, { id }]) => ({ name, inputId: id }));
      const job = await lab.engine.submit({ inputs: list });
      const objects = await lab.told(job.id);
      expect(objects.map(({ name }) => name)).toEqual(Object.keys(named).toSorted());
      const byName = new Map(objects.map((object) => [object.name, object]));
      expect(byName.get('json')).toMatchObject({ inline: { a: 1 }, url: null, size: 8 });
      expect(byName.get('text')).toMatchObject({ inline: 't'.repeat(LIMIT), url: null });
      for (const name of ['inexact', 'long', 'bytes']) {
        const url = expect.stringMatching(
          new RegExp(`^http://foreman.test/internal/edges/tasks/[0-9a-f-]{36}/inputs/${name}$`),
        );
        expect(byName.get(name)).toMatchObject({ inline: null, url });
      }
      const inlined = (await lab.told(job.id, 0, LIMIT)).filter(({ url }) => url === null);
      expect(inlined.map(({ name }) => name)).toEqual(['json']);
    });

    it('holds one that it names several times as often', async () => {
      const { id } = await lab.stored();
      const job = await lab.engine.submit({
        inputs: [
          { name: 'a', inputId: id },
          { name: 'b', inputId: id },
        ],
        tasks: [{ inputs: [{ name: 'a', inputId: id }] }, {}],
      });
      await lab.remove(id);
      expect(await lab.letGo(job.id, 2)).toBe(2);
      expect(await lab.sweep()).toMatchObject({ inputs: 0 });
      expect(await lab.letGo(job.id, 2)).toBe(1);
      expect(await lab.sweep()).toMatchObject({ inputs: 1, blobs: 1 });
    });

    it('keeps one that is deleted, which no other can name', async () => {
      const { id } = await lab.stored(LARGE);
      const job = await lab.engine.submit({ inputs: [{ name: 'a', inputId: id }] });
      await lab.remove(id);
      await expect(lab.look(id)).rejects.toMatchObject({ code: 'input.not_found' });
      await lab.sweep();
      expect(await lab.told(job.id)).toMatchObject([{ name: 'a', size: LARGE.length }]);
      await expect(
        lab.engine.submit({ inputs: [{ name: 'a', inputId: id }] }),
      ).rejects.toMatchObject({
        code: 'request.invalid',
      });
    });

    it('is refused, and holds nothing, when one is open, expired or unknown', async () => {
      const [good, open] = [await lab.stored(), await lab.create({ ttlSeconds: 2_000_000 })];
      const expired = await lab.stored('b', { ttlSeconds: 1 });
      lab.engine.clock.advance(1000);
      const command: Partial<JobCommand> = {
        inputs: [
          { name: 'a', inputId: good.id },
          { name: 'b', inputId: open.id },
        ],
        tasks: [
          { inputs: [{ name: 'c', inputId: expired.id }] },
          { inputs: [{ name: 'd', inputId: 'no-id' }] },
        ],
      };
      const refusal = await lab.engine.submit(command).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'request.invalid' });
      const { errors } = (refusal as { details: { errors: { path: string }[] } }).details;
      expect(errors.map(({ path }) => path).toSorted()).toEqual([
        'inputs.1.inputId',
        'tasks.0.inputs.0.inputId',
        'tasks.1.inputs.0.inputId',
      ]);
      expect(await lab.look(good.id)).toMatchObject({ isHeld: false });
      expect([await lab.count('jobs'), await lab.count('job_inputs')]).toEqual([0, 0]);
    });

    const some = (length: number, prefix = 'n') =>
      Array.from({ length }, (_, index) => ({ name: `${prefix}${index}`, inputId: 'i' }));
    it.each<[string, Partial<JobCommand>, string]>([
      ['a bad name', { inputs: [{ name: '.a', inputId: 'i' }] }, 'inputs.0.name'],
      ['a number as prefix', { inputs: [{ name: '0.a', inputId: 'i' }] }, 'inputs.0.name'],
      ['a name twice', { inputs: [...some(1), ...some(1)] }, 'inputs.1.name'],
      ['101 inputs', { inputs: some(101) }, 'inputs'],
      [
        'a name twice in a task',
        { tasks: [{}, { inputs: [...some(1), ...some(1)] }] },
        'tasks.1.inputs.1.name',
      ],
      [
        '101 inputs for a task, with its job',
        { inputs: some(60), tasks: [{ inputs: some(41, 'm') }] },
        'tasks.0.inputs',
      ],
      [
        '1001 inputs of tasks',
        { tasks: Array.from({ length: 11 }, () => ({ inputs: some(91) })) },
        'tasks',
      ],
    ])('is refused for %s', async (_, command, path) => {
      await expect(lab.engine.submit(command)).rejects.toMatchObject({
        code: 'request.invalid',
        details: { errors: expect.arrayContaining([expect.objectContaining({ path })]) },
      });
    });

    it('and the deletion of what it names: whoever is first', async () => {
      for (let round = 0; round < 20; round += 1) {
        const { id } = await lab.stored(`round ${round}`);
        const submission = lab.engine.submit({ inputs: [{ name: 'a', inputId: id }] });
        const steps = round % 2 === 0 ? [submission, lab.remove(id)] : [lab.remove(id), submission];
        await Promise.allSettled([...steps, lab.sweep()]);
        const job = await submission.catch(() => null);
        if (job === null) continue;
        const [object] = await lab.told(job.id);
        expect(object).toMatchObject({ inline: `round ${round}` });
      }
    });
  });

  it('are not read for a task without any', async () => {
    const job = await lab.engine.submit();
    expect(await lab.told(job.id)).toEqual([]);
    expect(await lab.count('tasks WHERE has_inputs = 1')).toBe(0);
  });

  it('are fetched under the live lease alone', async () => {
    const { id } = await lab.stored();
    const job = await lab.engine.submit({ inputs: [{ name: 'a', inputId: id }] });
    const [old, live] = [await lab.engine.lease(job.id), await lab.engine.lease(job.id)];
    const { taskInputs } = lab;
    await expect(taskInputs.get(old, 'a')).rejects.toMatchObject({ code: 'lease.lost' });
    const stranger = { ...live, edgeId: lab.engine.ids.uuid() };
    await expect(taskInputs.get(stranger, 'a')).rejects.toMatchObject({ code: 'task.not_found' });
    await expect(taskInputs.get(live, 'b')).rejects.toMatchObject({ code: 'input.not_found' });
    lab.engine.clock.advance(30_000);
    expect(await taskInputs.get(live, 'a')).toMatchObject({ name: 'a', contentType: 'text/csv' });
    const [task] = await lab.engine.reads.query<{ lease_expires_at: number }>(
      'SELECT lease_expires_at FROM tasks WHERE id = ?',
      [live.taskId],
    );
    expect(task?.lease_expires_at).toBe(lab.engine.clock.now() + 60_000);
  });

  it('cannot be named where nothing keeps them', async () => {
    const bare = await openTestEngine();
    const submission = bare.get(JobSubmission);
    const command = { kind: 'test', inputs: [{ name: 'a', inputId: 'i' }] };
    await expect(submission.submit(command)).rejects.toMatchObject({ code: 'request.invalid' });
    await bare.close();
  });
});
