import { once } from 'node:events';
import {
  createServer,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a page takes a file in, besides being it. */
const EMBEDDINGS = {
  iframe: (src: string) => `<iframe src="${src}"></iframe>`,
  object: (src: string) => `<object data="${src}"></object>`,
  embed: (src: string) => `<embed src="${src}">`,
  img: (src: string) => `<img src="${src}">`,
} as const;

export type Embedding = keyof typeof EMBEDDINGS;
export const EMBEDDING_NAMES = Object.keys(EMBEDDINGS) as Embedding[];

type Served = Readonly<Record<string, string>>;

/** What is left of the gateway's headers on the way through; `type` is the one that the file claims to have. */
const PASSAGES = {
  'as served': (served: Served) => served,
  'without Content-Disposition': ({ 'content-disposition': _gone, ...served }: Served) => served,
  'by its type alone': (served: Served) => pick(served, 'content-type', 'x-content-type-options'),
  'by its policy alone': (served: Served, type: string) => ({
    ...pick(served, 'content-security-policy'),
    'content-type': type,
  }),
} as const;

export type Passage = keyof typeof PASSAGES;
export const PASSAGE_NAMES = Object.keys(PASSAGES) as Passage[];

/** A file that is sent as it is, with no header of the gateway's. */
export interface BareFile {
  readonly contentType: string | null;
  readonly text: string;
}

/**
 * One origin for artifacts and for pages that take them in: so nothing but the headers of the gateway stands between
 * a file and its page. It passes artifacts on from the gateway, with the key that the gateway asks for.
 */
export class ArtifactFront {
  private readonly server: Server;
  private readonly bare = new Map<string, BareFile>();

  private constructor(private readonly fetchArtifact: (name: string) => Promise<Response>) {
    this.server = createServer((request, response) => {
      this.answer(new URL(request.url ?? '', 'http://front'), response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : undefined),
      );
    });
  }

  static async start(fetchArtifact: (name: string) => Promise<Response>): Promise<ArtifactFront> {
    const front = new ArtifactFront(fetchArtifact);
    front.server.listen(0, '127.0.0.1');
    await once(front.server, 'listening');
    return front;
  }

  /** The URL of an artifact by a passage. */
  artifact(name: string, passage: Passage, contentType: string): string {
    const query = new URLSearchParams({ passage, contentType });
    return `${this.origin}/artifact/${name}?${String(query)}`;
  }

  /** The URL of a file that nothing guards. */
  unguarded(name: string, file: BareFile): string {
    this.bare.set(name, file);
    return `${this.origin}/bare/${name}`;
  }

  /** The URL of a page that takes a file in, in each of these ways. */
  page(src: string, embeddings: readonly Embedding[]): string {
    const query = new URLSearchParams({ src });
    for (const how of embeddings) query.append('how', how);
    return `${this.origin}/page?${String(query)}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private async answer(url: URL, response: ServerResponse): Promise<void> {
    const [, kind, name = ''] = url.pathname.split('/');
    if (kind === 'artifact') await this.passOn(name, url.searchParams, response);
    else if (kind === 'bare') sendBare(this.bare.get(name), response);
    else sendPage(url.searchParams, response);
  }

  private async passOn(name: string, query: URLSearchParams, response: ServerResponse) {
    const served = await this.fetchArtifact(name);
    if (!served.ok) throw new Error(`${name} was answered with ${served.status}`);
    const passage = PASSAGES[query.get('passage') as Passage];
    const passed = passage(Object.fromEntries(served.headers), query.get('contentType') ?? '');
    // The connections to the gateway and to the browser are two.
    const { connection: _own, 'keep-alive': _its, ...headers }: OutgoingHttpHeaders = { ...passed };
    response.writeHead(served.status, headers);
    response.end(Buffer.from(await served.arrayBuffer()));
  }
}

function sendBare(file: BareFile | undefined, response: ServerResponse): void {
  if (file?.contentType) response.setHeader('Content-Type', file.contentType);
  response.end(file?.text);
}

function sendPage(query: URLSearchParams, response: ServerResponse): void {
  const src = (query.get('src') ?? '').replaceAll('&', '&amp;');
  const parts = query.getAll('how').map((how) => EMBEDDINGS[how as Embedding](src));
  response.setHeader('Content-Type', 'text/html');
  response.end(`<!doctype html><title>page</title>${parts.join('')}`);
}

function pick(served: Served, ...names: string[]): Served {
  return Object.fromEntries(Object.entries(served).filter(([name]) => names.includes(name)));
}
