import { sha256Hex } from '@foreman/kernel';
import { eventually } from '@foreman/testing';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type Download,
  type Page,
} from 'playwright-core';
import { type InProcessGateway, startInProcess } from '../e2e/harness';
import { ArtifactFront, EMBEDDING_NAMES, type Embedding, PASSAGE_NAMES } from './artifact-front';
import { Beacon } from './beacon';
import { findChromium } from './find-chromium';
import { HOSTILE_FILES, type HostileFile } from './hostile-files';

/** As root there is no sandbox of processes; nothing is looked up, nothing is fetched but what the test serves. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** In these a file runs like a page of its own. */
const FRAMES: readonly Embedding[] = ['iframe', 'object', 'embed'];
/** Types of the safe list whose bytes a browser might take for something else. */
const SAFE_TYPES = [
  'text/plain',
  'text/csv',
  'text/markdown',
  'application/json',
  'image/png',
  'application/octet-stream',
];

/** The tag of the files that the gateway has: nothing may ever be heard of it. */
const STORED = 'stored';

const [HTML] = HOSTILE_FILES as [HostileFile];

describe('an artifact in a browser', () => {
  let gateway: InProcessGateway;
  let service: string;
  let artifactsUrl: string;
  let beacon: Beacon;
  let front: ArtifactFront;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let controls = 0;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS });
    beacon = await Beacon.start();
    gateway = await startInProcess();
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    artifactsUrl = await storeFiles();
    front = await ArtifactFront.start((name) =>
      fetch(`${artifactsUrl}/${name}`, { headers: { authorization: `Bearer ${service}` } }),
    );
  });

  afterAll(async () => {
    await browser?.close();
    await front?.stop();
    await gateway?.stop();
    await beacon?.stop();
  });

  beforeEach(async () => {
    beacon.of(STORED).clear();
    context = await browser.newContext();
    page = await context.newPage();
  });
  afterEach(() => context.close());

  /** One job with every hostile file, under its own type, and HTML under each safe one; answers their URL. */
  async function storeFiles(): Promise<string> {
    const edge = await gateway.enrolEdge(['study']);
    await gateway.call('POST', '/jobs', { token: service, body: { kind: 'study' } });
    const { body: task } = await gateway.call<{
      taskId: string;
      jobId: string;
      leaseToken: string;
    }>('POST', '/internal/edges/tasks/next', { token: edge.token, body: {} });
    const path = `/internal/edges/tasks/${task.taskId}`;
    const put = (name: string, type: string, body: string) =>
      gateway.call('PUT', `${path}/artifacts/${name}`, {
        token: edge.token,
        headers: { 'Foreman-Lease': task.leaseToken, 'content-type': type },
        body,
      });
    for (const file of HOSTILE_FILES) {
      await put(file.name, file.contentType, file.text(beacon.url, STORED));
    }
    for (const [index, type] of SAFE_TYPES.entries()) {
      await put(`safe-${index}.html`, type, HTML.text(beacon.url, STORED));
    }
    const headers = { 'Foreman-Lease': task.leaseToken };
    await gateway.call('POST', `${path}/complete`, { token: edge.token, headers, body: {} });
    return `${gateway.baseUrl}/jobs/${task.jobId}/artifacts`;
  }

  /** The same file with nothing to hold it: what it tries in a page of its own, heard by the beacon. */
  function control(file: HostileFile, contentType: string | null = file.contentType) {
    controls += 1;
    const tag = `control-${controls}`;
    const text = file.text(beacon.url, tag);
    return { tag, url: front.unguarded(`${tag}-${file.name}`, { contentType, text }) };
  }

  async function expectAllRuns(file: HostileFile, tag: string): Promise<void> {
    const heard = beacon.of(tag);
    await eventually(`all of ${file.name} runs`, () =>
      file.runs.every((what) => heard.has(what)),
    ).catch(() => undefined);
    expect([...heard].sort()).toEqual([...file.runs].sort());
  }

  /**
   * That nothing was heard of what is stored: not before the same file, opened later with nothing to hold it, has told of
   * all that it does.
   */
  async function expectNothingRan(file: HostileFile): Promise<void> {
    const { tag, url } = control(file);
    const later = await context.newPage();
    await later.goto(url);
    await expectAllRuns(file, tag);
    expect([...beacon.of(STORED)]).toEqual([]);
  }

  /** Opens what the browser may refuse to show and save instead. */
  async function open(url: string): Promise<Download | null> {
    let saved: Download | null = null;
    page.once('download', (download) => (saved = download));
    await page.goto(url).catch(async (error: unknown) => {
      if (!/Download is starting|ERR_ABORTED/.test(String(error))) throw error;
      await eventually('the file is saved', () => saved);
    });
    return saved;
  }

  describe.each(HOSTILE_FILES)('$name', (file) => {
    it('does all that it tries when it is served by its own type, without our headers', async () => {
      const { tag, url } = control(file);
      await page.goto(url);
      await expectAllRuns(file, tag);
    });

    it.each(FRAMES)('does all of it in an <%s> too', async (embedding) => {
      const { tag, url } = control(file);
      await page.goto(front.page(url, [embedding]));
      await expectAllRuns(file, tag);
    });

    it('is saved, byte for byte, and runs nothing, when its URL is opened', async () => {
      await context.setExtraHTTPHeaders({ authorization: `Bearer ${service}` });
      const saved = await open(`${artifactsUrl}/${file.name}`);
      expect(saved?.suggestedFilename()).toBe(file.name);
      const chunks: Buffer[] = [];
      for await (const chunk of (await saved?.createReadStream()) ?? [])
        chunks.push(chunk as Buffer);
      expect(sha256Hex(Buffer.concat(chunks))).toBe(sha256Hex(file.text(beacon.url, STORED)));
      await expectNothingRan(file);
    });

    it('runs nothing in whatever a page elsewhere takes it in by', async () => {
      await context.setExtraHTTPHeaders({ authorization: `Bearer ${service}` });
      const url = `${artifactsUrl}/${file.name}`;
      const statuses: number[] = [];
      page.on('response', (response) => {
        if (response.url() === url) statuses.push(response.status());
      });
      await page.goto(front.page(url, EMBEDDING_NAMES));
      expect(new Set(statuses)).toEqual(new Set([200]));
      await expectNothingRan(file);
    });

    it.each(PASSAGE_NAMES)(
      'runs nothing %s, opened or in a page of the same origin',
      async (passage) => {
        const src = front.artifact(file.name, passage, file.contentType);
        const saved = await open(src);
        // Its policy alone lets it be shown: as a page without scripts, pictures or an origin.
        expect(saved === null).toBe(passage === 'by its policy alone');
        await page.goto(front.page(src, EMBEDDING_NAMES));
        await expectNothingRan(file);
      },
    );
  });

  it('HTML without any type is taken for HTML: that is what nosniff is there for', async () => {
    const { tag, url } = control(HTML, null);
    await page.goto(url);
    await expectAllRuns(HTML, tag);
  });

  it.each([...SAFE_TYPES.entries()])(
    'HTML that is called %s: %s is saved, and runs nothing where it is shown',
    async (index, type) => {
      const name = `safe-${index}.html`;
      expect(await open(front.artifact(name, 'as served', type))).not.toBeNull();
      const src = front.artifact(name, 'by its type alone', type);
      await open(src);
      await page.goto(front.page(src, EMBEDDING_NAMES));
      await expectNothingRan(HTML);
    },
  );
});
