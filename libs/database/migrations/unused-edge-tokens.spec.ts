import { openTemporaryDatabase, type TemporaryDatabase } from '@foreman/testing';
import { UnusedEdgeTokens1764806400000 } from './1764806400000-unused-edge-tokens';

/** What is in the file when it is opened by a version that keeps every token it has given until one is used. */
describe('the migration to unused tokens', () => {
  let temporary: TemporaryDatabase;
  const run = (sql: string) => temporary.database.driver.exec(sql);
  const all = (sql: string) => temporary.database.driver.prepare(sql).raw().all();
  const redo = () => temporary.database.dataSource.runMigrations({ transaction: 'each' });
  const undo = async () => {
    const { name } = new UnusedEdgeTokens1764806400000();
    while (all(`SELECT 1 FROM schema_migrations WHERE name = '${name}'`).length > 0) {
      await temporary.database.dataSource.undoLastMigration({ transaction: 'each' });
    }
  };
  const edges = () =>
    all('SELECT id, token_hash, token_first_used_at, next_token_hash FROM edges ORDER BY id');

  beforeEach(async () => {
    temporary = await openTemporaryDatabase();
    await undo();
    const values = [
      `('enrolled', 'a', 't1', NULL, NULL, NULL)`,
      `('revoked', 'a', 't2', NULL, NULL, 9)`,
      `('rotated', 'b', 't3', NULL, 't4', NULL)`,
      `('used', 'c', 't5', 7, 't6', NULL)`,
    ];
    run(`INSERT INTO edges (id, name, token_hash, token_first_used_at, next_token_hash, revoked_at, kinds, labels, created_at)
         SELECT column1, column2, column3, column4, column5, column6, '["k"]', '{}', 5 FROM (VALUES ${values.join(', ')})`);
  });
  afterEach(() => temporary.remove());

  it('keeps every token that opens something, and what else there is of its edge', async () => {
    await redo();
    expect(all('SELECT id, token_hash, created_at, revoked_at FROM edges ORDER BY id')).toEqual([
      ['enrolled', null, 5, null],
      ['revoked', null, 5, 9],
      ['rotated', null, 5, null],
      ['used', 't5', 5, null],
    ]);
    expect(all('SELECT edge_id, token_hash FROM unused_edge_tokens ORDER BY id')).toEqual([
      ['enrolled', 't1'],
      ['rotated', 't3'],
      ['rotated', 't4'],
      ['used', 't6'],
    ]);
  });

  it('can be undone: the latest tokens stay, as many as there is room for', async () => {
    await redo();
    run(
      `INSERT INTO unused_edge_tokens (edge_id, token_hash) VALUES ('rotated', 't7'), ('used', 't8')`,
    );
    await undo();
    expect(edges()).toEqual([
      ['enrolled', 't1', null, null],
      ['revoked', 'none:revoked', null, null],
      ['rotated', 't4', null, 't7'],
      ['used', 't5', 5, 't8'],
    ]);
  });
});
