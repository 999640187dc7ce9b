import { type DataFolder, makeDataFolder } from './harness/data-folder';
import { GatewayProcess } from './harness/gateway-process';

/** A start takes two seconds, and many times that on a busy machine. */
jest.setTimeout(60_000);

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly responses: Readonly<Record<string, { content?: Record<string, { examples?: object }> }>>;
  readonly requestBody?: { content: Record<string, { schema?: object }> };
}

interface Schema {
  readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, unknown>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
}

const OPEN = new Set(['GET /healthz', 'GET /readyz', 'GET /metrics']);

/** From the built gateway: the Swagger plugin runs in its build. */
describe('Swagger', () => {
  let folder: DataFolder;
  let gateway: GatewayProcess;
  let document: Document;
  let operations: [name: string, operation: Operation][];

  beforeAll(async () => {
    folder = await makeDataFolder();
    gateway = await GatewayProcess.start(folder.path);
    document = (await gateway.call<Document>('GET', '/openapi.json')).body;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, Operation] => [
        `${method.toUpperCase()} ${path}`,
        operation,
      ]),
    );
  });
  afterAll(async () => {
    await gateway.terminate();
    await folder.remove();
  });

  const lacking = (isFine: (operation: Operation, name: string) => boolean) =>
    operations.filter(([name, operation]) => !isFine(operation, name)).map(([name]) => name);

  it('shows its page with nothing from elsewhere', async () => {
    const page = await gateway.call('GET', '/docs');
    expect(page.headers.get('content-type')).toContain('text/html');
    const sources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      const url = new URL(source ?? '', `${gateway.baseUrl}/docs`);
      expect(url.origin).toBe(new URL(gateway.baseUrl).origin);
      expect((await fetch(url)).status).toBe(200);
    }
    // Helmet's default would turn the page's own scripts into https.
    expect(page.headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
    const init = await gateway.call('GET', '/docs/swagger-ui-init.js');
    expect(init.text).toContain('"validatorUrl": null');
  });

  it('knows the calls of every face', () => {
    const names = operations.map(([name]) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'POST /jobs',
        'GET /jobs/{id}',
        'POST /internal/edges/enroll',
        'POST /internal/edges/tasks/next',
        'POST /admin/api-keys',
        'GET /admin/stats',
        'GET /healthz',
      ]),
    );
  });

  it('takes both kinds of tokens, and signatures', () => {
    expect(document.components.securitySchemes).toEqual({
      service: expect.objectContaining({ type: 'http', scheme: 'bearer' }),
      edge: expect.objectContaining({ type: 'http', scheme: 'bearer' }),
      signed: expect.objectContaining({ type: 'apiKey', in: 'query', name: 'signature' }),
    });
  });

  it('describes every operation, under an id of its own', () => {
    expect(lacking((operation) => (operation.summary ?? '').length > 4)).toEqual([]);
    expect(lacking((operation) => (operation.description ?? '').length > 20)).toEqual([]);
    expect(lacking((operation) => operation.tags?.length === 1)).toEqual([]);
    const ids = operations.map(([, operation]) => operation.operationId);
    expect(new Set(ids).size).toBe(operations.length);
  });

  it('says who may call each operation', () => {
    const expectedScheme = (name: string) => {
      if (name.includes(' /signed/')) return 'signed';
      return name.includes(' /internal/edges') ? 'edge' : 'service';
    };
    expect(
      lacking(
        (operation, name) =>
          OPEN.has(name) || Object.keys(operation.security?.[0] ?? {})[0] === expectedScheme(name),
      ),
    ).toEqual([]);
  });

  it('tells the refusals of each operation, as problems with examples', () => {
    const problems = (operation: Operation) =>
      Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
    expect(
      lacking((operation, name) => name === 'GET /healthz' || problems(operation).length > 0),
    ).toEqual([]);
    const refusalOf = (name: string) => (name.includes(' /signed/') ? '403' : '401');
    expect(
      lacking((operation, name) => OPEN.has(name) || refusalOf(name) in operation.responses),
    ).toEqual([]);
    expect(
      lacking((operation) =>
        problems(operation).every(
          ([, response]) => response.content?.['application/problem+json']?.examples !== undefined,
        ),
      ),
    ).toEqual([]);
  });

  it('has a success for each operation, and a schema for each body', () => {
    expect(
      lacking((operation) => Object.keys(operation.responses).some((s) => /^[23]/.test(s))),
    ).toEqual([]);
    expect(
      lacking((operation) =>
        Object.values(operation.requestBody?.content ?? {}).every((c) => c.schema !== undefined),
      ),
    ).toEqual([]);
  });

  it('gives every field of a request or an answer a type', () => {
    const isTyped = (field: Readonly<Record<string, unknown>>) =>
      ['type', '$ref', 'oneOf', 'anyOf', 'allOf', 'enum'].some((key) => key in field);
    const untyped = Object.entries(document.components.schemas).flatMap(([name, schema]) =>
      Object.entries(schema.properties ?? {})
        .filter(([, field]) => !isTyped(field))
        .map(([field]) => `${name}.${field}`),
    );
    expect(untyped).toEqual([]);
  });
});
