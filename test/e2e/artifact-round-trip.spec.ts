import * as fc from 'fast-check';
import { sha256Hex } from '@foreman/kernel';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Artifact {
  readonly name: string;
  readonly content_type: string;
  readonly size: number;
  readonly inline: unknown;
  readonly url: string | null;
  readonly sha256: string;
}

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly taskIndex: number;
  readonly leaseToken: string;
}

interface Upload {
  readonly name: string;
  readonly type: string;
  readonly bytes: Buffer;
}

const LIMIT = 3000;
const JSON_TYPES = ['application/json', 'application/json; charset=utf-8', 'application/ld+json'];
const TEXT_TYPES = ['text/plain', 'text/csv; charset="UTF-8"', 'TEXT/html', 'text/x'];
const OTHER_TYPES = ['application/octet-stream', 'image/png', 'application/jsonl', 'a/b; c="d"'];

/** Each says something that a parsed value would not. */
const UNFAITHFUL = [
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '[1e400]',
  '1e-400',
  '-0',
  '12345678901234567890',
  '0.10000000000000000001',
  '"\\ud800"',
  '{"\\udfff":0}',
  `${'['.repeat(201)}${']'.repeat(201)}`,
  'null',
  '{"cut":',
  '\uFEFF{}',
];

describe('an artifact comes out as it went in', () => {
  let gateway: InProcessGateway;
  let service: string;
  let edge: TestEdge;

  beforeAll(async () => {
    gateway = await startInProcess({ inlineLimitBytes: LIMIT });
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    edge = await gateway.enrolEdge(['study']);
  });
  afterAll(() => gateway.stop());

  const atTask = (method: string, task: Task, what: string, body: unknown, type?: string) =>
    gateway.call<Record<string, unknown>>(method, `/internal/edges/tasks/${task.taskId}/${what}`, {
      token: edge.token,
      headers: {
        'Foreman-Lease': task.leaseToken,
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      body,
    });

  async function lease(taskCount = 1): Promise<Task[]> {
    const tasks = Array.from({ length: taskCount }, () => ({}));
    await gateway.call('POST', '/jobs', { token: service, body: { kind: 'study', tasks } });
    const answer = await gateway.call<{ items: Task[] }>('POST', '/internal/edges/tasks/lease', {
      token: edge.token,
      body: { max: taskCount },
    });
    return answer.body.items.toSorted((a, b) => a.taskIndex - b.taskIndex);
  }

  /** Uploads, completes, and answers the job's artifacts by name. */
  async function through(uploads: readonly Upload[]): Promise<Map<string, Artifact>> {
    const [task] = (await lease()) as [Task];
    for (const { name, type, bytes } of uploads) {
      const { status, text } = await atTask('PUT', task, `artifacts/${name}`, bytes, type);
      expect([status, text]).toEqual([201, expect.any(String)]);
    }
    await atTask('POST', task, 'complete', {});
    return artifactsOf(task.jobId);
  }

  async function artifactsOf(jobId: string): Promise<Map<string, Artifact>> {
    const job = await gateway.call<{ artifacts: Artifact[] }>('GET', `/jobs/${jobId}`, {
      token: service,
    });
    return new Map(job.body.artifacts.map((artifact) => [artifact.name, artifact]));
  }

  async function fetched(url: string): Promise<Buffer> {
    const response = await fetch(url, { headers: { authorization: `Bearer ${service}` } });
    expect(response.status).toBe(200);
    return Buffer.from(await response.arrayBuffer());
  }

  /** By value, the value is that of the bytes; by URL, it is the bytes. Answers whether it came by value. */
  async function expectSame({ name, type, bytes }: Upload, artifact?: Artifact): Promise<boolean> {
    if (artifact === undefined) throw new Error(`There is no ${name}`);
    expect(artifact).toMatchObject({
      content_type: type,
      size: bytes.length,
      sha256: sha256Hex(bytes),
    });
    expect(artifact.inline === null).toBe(artifact.url !== null);
    if (artifact.url !== null) {
      expect((await fetched(artifact.url)).equals(bytes)).toBe(true);
      return false;
    }
    if (JSON_TYPES.includes(type)) {
      expect(JSON.stringify(artifact.inline)).toBe(JSON.stringify(JSON.parse(String(bytes))));
    } else {
      expect(Buffer.from(artifact.inline as string).equals(bytes)).toBe(true);
    }
    return true;
  }

  it('whatever its name, type and bytes', async () => {
    const name = fc.stringMatching(/^[A-Za-z_-][A-Za-z0-9._-]{0,119}$/);
    const anyText = fc.string({ unit: 'binary', maxLength: LIMIT });
    const json = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value, null, 2)),
      fc.constantFrom(...UNFAITHFUL),
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2 * LIMIT }).map((array) => Buffer.from(array)),
      fc.oneof(anyText, json).map((text) => Buffer.from(text)),
    );
    const type = fc.constantFrom(...JSON_TYPES, ...TEXT_TYPES, ...OTHER_TYPES);
    const uploads = fc.uniqueArray(fc.record({ name, type, bytes }), {
      selector: (upload) => upload.name,
      minLength: 1,
      maxLength: 8,
    });
    const seen = { byValue: 0, byUrl: 0 };
    await fc.assert(
      fc.asyncProperty(uploads, async (all) => {
        const artifacts = await through(all);
        for (const upload of all) {
          const isByValue = await expectSame(upload, artifacts.get(upload.name));
          seen[isByValue ? 'byValue' : 'byUrl'] += 1;
        }
      }),
      { numRuns: 30 },
    );
    expect(Math.min(seen.byValue, seen.byUrl)).toBeGreaterThan(10);
  });

  it.each([
    ...JSON_TYPES.map((type) => [type, true] as const),
    ...TEXT_TYPES.map((type) => [type, true] as const),
    ...OTHER_TYPES.map((type) => [type, false] as const),
    ['text/plain; charset=iso-8859-1', false] as const,
  ])('%s by value (%s) at the limit, by URL one byte above it', async (type, isInlined) => {
    const uploads = [LIMIT - 1, LIMIT, LIMIT + 1].map((size, index) => ({
      name: `at-${index}`,
      type,
      // Two bytes a character: the limit is one of bytes.
      bytes: Buffer.from(JSON.stringify('é'.repeat(size / 2 - 1) + 'x'.repeat(size % 2))),
    }));
    expect(uploads.map(({ bytes }) => bytes.length)).toEqual([LIMIT - 1, LIMIT, LIMIT + 1]);
    const artifacts = await through(uploads);
    const isByValue: boolean[] = [];
    for (const upload of uploads) {
      isByValue.push(await expectSame(upload, artifacts.get(upload.name)));
    }
    expect(isByValue).toEqual([isInlined, isInlined, false]);
  });

  it.each(UNFAITHFUL)('JSON whose value would not be all of it, by URL: %s', async (text) => {
    const uploads = JSON_TYPES.map((type, index) => ({
      name: `json-${index}`,
      type,
      bytes: Buffer.from(text),
    }));
    const artifacts = await through(uploads);
    for (const upload of uploads) {
      expect(await expectSame(upload, artifacts.get(upload.name))).toBe(false);
    }
  });

  describe('in a job of many tasks', () => {
    async function completionOf(texts: readonly (string | null)[], type = 'application/json') {
      const tasks = await lease(texts.length);
      for (const [index, task] of tasks.entries()) {
        const text = texts[index] ?? null;
        if (text !== null) {
          await atTask('PUT', task, 'artifacts/completion', Buffer.from(text), type);
        }
        await atTask('POST', task, 'complete', {});
      }
      const artifacts = await artifactsOf(tasks[0]?.jobId ?? '');
      const completion = artifacts.get('completion');
      return { artifacts, completion, tasks: (completion?.inline as { tasks: unknown[] })?.tasks };
    }

    it.each([
      [-1, true],
      [0, true],
      [1, false],
    ])('the document of the limit and %d bytes has the value: %s', async (over, isByValue) => {
      const value = 'v'.repeat(LIMIT + over - '{"tasks":["",null]}'.length);
      const { artifacts, completion, tasks } = await completionOf([JSON.stringify(value), null]);
      const { sha256, url } = artifacts.get('0.completion') as Artifact;
      // The value itself is small enough to be told: only the document is not.
      expect(artifacts.get('0.completion')?.inline).toBe(value);
      expect(url).toBeNull();
      const path = `/artifacts/0.completion`;
      const reference = { name: '0.completion', sha256, url: expect.stringContaining(path) };
      expect(tasks).toEqual([isByValue ? value : reference, null]);
      if (isByValue) expect(completion?.size).toBe(LIMIT + over);
    });

    it('counts a text as it is written out, not as it is stored', async () => {
      const quotes = '"'.repeat((LIMIT - '{"tasks":["x",null]}'.length) / 2);
      const at = await completionOf([`x${quotes}`, null], 'text/plain');
      expect([at.tasks, at.completion?.size]).toEqual([[`x${quotes}`, null], LIMIT]);
      const above = await completionOf([`xx${quotes}`, null], 'text/plain');
      expect(above.tasks).toMatchObject([{ name: '0.completion' }, null]);
    });

    it('refers to each value that would not be all of it, and the bytes are there', async () => {
      const { tasks } = await completionOf([...UNFAITHFUL, '{"a": [1.50]}']);
      expect(tasks.at(-1)).toEqual({ a: [1.5] });
      for (const [index, text] of UNFAITHFUL.entries()) {
        const { name, sha256, url } = tasks[index] as { name: string; sha256: string; url: string };
        expect([name, sha256]).toEqual([`${index}.completion`, sha256Hex(text)]);
        expect(String(await fetched(url))).toBe(text);
      }
    });
  });

  it.each(['1e400', '[{"a": -1e309}]', `{"a": ${'9'.repeat(400)}}`])(
    'an inline value with a number that no double holds is refused, not told as null: %s',
    async (text) => {
      const [task] = (await lease()) as [Task];
      const body = `{"artifacts":[{"name":"x","content_type":"application/json","inline":${text}}]}`;
      const answer = await atTask('POST', task, 'complete', body, 'application/json');
      expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
      expect(answer.body).toMatchObject({ errors: [{ path: 'artifacts.x.inline' }] });
      await atTask('POST', task, 'complete', {});
    },
  );
});
