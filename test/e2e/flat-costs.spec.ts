import { Database, ReadConnection, type SqlValue } from '@foreman/database';
import { StatsReader } from '../../apps/gateway/admin-api/stats.reader';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly schema: { readonly enum?: readonly string[] };
}

interface OpenApi {
  readonly paths: Readonly<
    Record<string, { readonly get?: { readonly parameters?: readonly Parameter[] } }>
  >;
}

interface Statement {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

/** What a plan may scan, as it says so, and why that does not grow with what is kept. */
const SCANS: Readonly<Record<string, string>> = {
  'tasks USING INDEX tasks_claimable': 'holds what is queued',
  'tasks USING COVERING INDEX tasks_next_available': 'holds what is queued',
  'tasks USING COVERING INDEX tasks_lease_expiry': 'holds what is leased',
  'deliveries USING COVERING INDEX deliveries_due_by_host': 'holds what is owed',
  'edges USING INDEX edges_seen': 'holds the edges that are not revoked',
  'edges USING INDEX edges_newest': 'holds the edges that are not revoked',
  'webhook_endpoints USING INDEX webhook_endpoints_standing': 'administrators make them',
  job_totals: 'three rows',
  delivery_totals: 'four rows',
  artifact_totals: 'as many rows as kinds in queues; paced',
  'artifact_totals USING INDEX sqlite_autoindex_artifact_totals_1': 'the same',
  'corrupt_blobs USING COVERING INDEX sqlite_autoindex_corrupt_blobs_1': 'damage: should be none',
  'corrupt_blobs USING INDEX sqlite_autoindex_corrupt_blobs_1': 'damage: should be none',
};

/** What may be sorted: statements that have this text, and why they sort a bounded set. */
const SORTS: Readonly<Record<string, string>> = {
  'FROM artifact_totals': 'as many rows as kinds in queues; paced',
  'FROM tasks WHERE job_id IN': 'the tasks of one page of jobs, a thousand each',
  'FROM corrupt_blobs': 'damage: should be none',
  'job_id = ? AND (created_at, id)': 'the deliveries or late writes of one job',
  "job_id = ? AND coalesce(edge_id, '')": 'the late writes of one job',
  'job_id = ? ORDER BY created_at': 'the deliveries or late writes of one job',
  'FROM artifacts WHERE job_id = ?': 'the artifacts of one job, which have a limit',
};

/** Of every form that a list knows. */
const CURSORS = [[1, 'x'], ['x'], [1]].map((parts) =>
  Buffer.from(JSON.stringify(parts)).toString('base64url'),
);

/** The first page of all: an index from its end, as far as the page goes. */
const FIRST_PAGE =
  /^SELECT [^()]+(?:octet_length\(body\)[^()]+)? FROM \w+ ORDER BY [\w, ]+ LIMIT (\?|1)$/;

describe('what lists and counters read', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;
  let jobId: string;
  let lists: ReadonlyMap<string, readonly Parameter[]>;
  let statements: readonly Statement[];

  beforeAll(async () => {
    gateway = await startInProcess();
    edge = await gateway.enrolEdge(['test']);
    const job = await gateway.asAdmin<{ id: string }>('POST', '/jobs', { kind: 'test' });
    jobId = job.body.id;
    const { body } = await gateway.call<OpenApi>('GET', '/openapi.json');
    lists = new Map(
      Object.entries(body.paths).flatMap(([path, { get }]) => {
        const query = (get?.parameters ?? []).filter((parameter) => parameter.in === 'query');
        return query.some(({ name }) => name === 'limit') ? [[path, query] as const] : [];
      }),
    );
    statements = await readStatements();
  });
  afterAll(() => gateway.stop());

  const plain = (sql: string) => sql.replaceAll(/\s+/g, ' ').trim();

  const valueOf = ({ name, schema }: Parameter): string => {
    if (name.startsWith('created')) return '2026-01-01T00:00:00.000Z';
    if (name === 'edge') return edge.edgeId;
    if (name === 'job' || name === 'jobId' || name === 'endpoint') return jobId;
    return schema.enum?.[0] ?? 'x';
  };

  /** The path with each set of its filters, those of the page aside. */
  function* callsOf(path: string, query: readonly Parameter[]): Generator<string> {
    const filters = query.filter(({ name }) => !['limit', 'cursor'].includes(name));
    for (let set = 0; set < 2 ** filters.length; set += 1) {
      const given = filters.filter((_, index) => (set >> index) & 1);
      const text = given.map((parameter) => `${parameter.name}=${valueOf(parameter)}`).join('&');
      yield `${path.replace('{id}', jobId)}?limit=2&${text}`;
    }
  }

  /** Every statement of the reading connection while all lists and counters are asked for. */
  async function readStatements(): Promise<Statement[]> {
    const found = new Map<string, Statement>();
    const reads = gateway.app.get(ReadConnection);
    const query = reads.query.bind(reads);
    const spy = jest.spyOn(reads, 'query').mockImplementation((sql, params = []) => {
      found.set(sql, { sql, params });
      return query(sql, params);
    });
    for (const [path, parameters] of lists) {
      // Rows of one job, in memory: docs/adr/0019-result-queries.md.
      if (path.endsWith('/results')) continue;
      for (const call of callsOf(path, parameters)) {
        expect([call, (await gateway.asAdmin('GET', call)).status]).toEqual([call, 200]);
        const further = CURSORS.map((cursor) => gateway.asAdmin('GET', `${call}&cursor=${cursor}`));
        const isKnown = (await Promise.all(further)).some(({ status }) => status === 200);
        expect([call, isKnown]).toEqual([call, true]);
      }
    }
    await gateway.app.get(StatsReader).read();
    await gateway.asAdmin('GET', '/metrics');
    await gateway.asAdmin('GET', `/jobs/${jobId}/explain`);
    spy.mockRestore();
    return [...found.values()];
  }

  const planOf = ({ sql, params }: Statement) =>
    gateway.app
      .get(Database)
      .driver.prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...params.map((value) => (typeof value === 'boolean' ? Number(value) : value)))
      .map((step) => (step as { detail: string }).detail);

  /** Tables and indexes that are read from end to end, but for rows that the statement has made itself. */
  function scansOf(statement: Statement): string[] {
    const steps = planOf(statement);
    const own = steps.flatMap((step) => /^(?:CO-ROUTINE|MATERIALIZE) (\S+)/.exec(step)?.[1] ?? []);
    if (FIRST_PAGE.test(plain(statement.sql))) return [];
    return steps
      .flatMap((step) => /^SCAN (.+)$/.exec(step)?.[1] ?? [])
      .filter((scanned) => !own.includes(scanned) && !/^\d+ CONSTANT ROWS?$/.test(scanned));
  }

  const sorts = (statement: Statement) =>
    planOf(statement).some((step) => step.includes('TEMP B-TREE'));

  it('covers every list that there is', () => {
    expect([...lists.keys()].toSorted()).toEqual([
      '/admin/api-keys',
      '/admin/deliveries',
      '/admin/edges',
      '/admin/late-writes',
      '/admin/queues',
      '/admin/releases',
      '/admin/webhook-endpoints',
      '/jobs',
      '/jobs/{id}/artifacts',
      '/jobs/{id}/deliveries',
      '/jobs/{id}/results',
      '/jobs/{id}/tasks',
    ]);
    expect(statements.length).toBeGreaterThan(60);
  });

  it('reads no table and no index from end to end that grows with what is kept', () => {
    const wrong = statements.flatMap((statement) =>
      scansOf(statement)
        .filter((scanned) => !(scanned in SCANS))
        .map((scanned) => `${scanned}: ${plain(statement.sql)}`),
    );
    expect(wrong).toEqual([]);
    const scanned = new Set(statements.flatMap(scansOf));
    expect(Object.keys(SCANS).filter((named) => !scanned.has(named))).toEqual([]);
  });

  it('looks among those of a job for what is asked of a job', () => {
    const ofJobs = statements.filter(({ sql }) =>
      /FROM (deliveries|late_writes) WHERE .*job_id = \?/.test(plain(sql)),
    );
    expect(ofJobs.length).toBeGreaterThan(10);
    const wrong = ofJobs.filter(
      (statement) => !planOf(statement).some((step) => step.includes('_of_job (job_id=?')),
    );
    expect(wrong.map(({ sql }) => plain(sql))).toEqual([]);
  });

  it('walks of jobs the index of one filter, from one place to another', () => {
    const walks = statements.flatMap((statement) => {
      const sql = plain(statement.sql);
      const column = /FROM jobs WHERE .*jobs\.(status|kind|queue) = \?/.exec(sql)?.[1];
      const index =
        column === undefined
          ? null
          : new RegExp(`INDEX jobs_by_${column} \\(${column}=\\? AND .+>.+<`);
      return index === null
        ? []
        : [{ sql, isSo: planOf(statement).some((step) => index.test(step)) }];
    });
    expect(walks.length).toBeGreaterThan(5);
    expect(walks.filter(({ isSo }) => !isSo).map(({ sql }) => sql)).toEqual([]);
  });

  it('sorts nothing that grows with what is kept', () => {
    const sorted = statements.filter(sorts).map(({ sql }) => plain(sql));
    const named = Object.keys(SORTS);
    expect(sorted.filter((sql) => !named.some((text) => sql.includes(text)))).toEqual([]);
    expect(named.filter((text) => !sorted.some((sql) => sql.includes(text)))).toEqual([]);
  });
});
