import { Revocations } from '@foreman/access';
import { registerEntities } from '@foreman/database';
import { sha256Hex } from '@foreman/kernel';
import {
  FakeClock,
  SequenceIds,
  type TemporaryDatabase,
  openTemporaryDatabase,
} from '@foreman/testing';
import { EdgeEntity } from './edge.entity';
import { Edges } from './edges';
import { EdgesSettings } from './edges.options';
import { EnrolmentEntity } from './enrolment.entity';
import {
  type EnrolCommand,
  type EnrolledEdge,
  type EnrolmentCommand,
  Enrolments,
} from './enrolments';
import { UnusedEdgeTokenEntity } from './unused-edge-token.entity';

registerEntities([EdgeEntity, EnrolmentEntity, UnusedEdgeTokenEntity]);

const MACHINE: EnrolCommand = { name: 'workshop-1', kinds: ['chat'], labels: { gpu: 'true' } };

describe('edges', () => {
  let clock: FakeClock;
  const ids = new SequenceIds();
  let store: TemporaryDatabase;
  let edges: Edges;
  let enrolments: Enrolments;

  let ended: string[];

  const enrolment = async (command: EnrolmentCommand = {}) =>
    (await store.database.unitOfWork.run((tx) => enrolments.create(tx, command))).token;
  const enrolled = async (command: EnrolCommand = MACHINE) =>
    enrolments.enrol(await enrolment(), command);
  const edgeRow = (id: string) => edges.get(store.database.reads, id);

  beforeEach(async () => {
    clock = new FakeClock();
    store = await openTemporaryDatabase({ clock, ids });
    const { unitOfWork, reads } = store.database;
    const revocations = new Revocations();
    ended = [];
    revocations.listen((edgeId) => ended.push(edgeId));
    edges = new Edges(unitOfWork, reads, clock, ids, new EdgesSettings(), revocations);
    enrolments = new Enrolments(unitOfWork, clock, ids, new EdgesSettings());
  });
  afterEach(() => store.remove());

  describe('enrolment', () => {
    it('makes an edge, and keeps hashes only', async () => {
      const token = await enrolment();
      const edge = await enrolments.enrol(token, { ...MACHINE, agentVersion: '1.2.3' });
      expect(await edges.authenticate(edge.token)).toEqual({
        edgeId: edge.edgeId,
        name: 'workshop-1',
        kinds: ['chat'],
        labels: { gpu: 'true' },
        desired: 'run',
        maxLeases: null,
        agentVersion: '1.2.3',
        platform: null,
      });
      const stored = JSON.stringify([
        await store.database.reads.query('SELECT * FROM enrolments'),
        await store.database.reads.query('SELECT * FROM edges'),
        await store.database.reads.query('SELECT * FROM unused_edge_tokens'),
      ]);
      expect(stored).toContain(sha256Hex(edge.token));
      expect(stored).not.toContain(edge.token);
      expect(stored).not.toContain(token);
    });

    it('fixes what the administrator named', async () => {
      const token = await enrolment({ name: 'vault', kinds: ['command'], labels: {} });
      const { edgeId } = await enrolments.enrol(token, MACHINE);
      expect(await edgeRow(edgeId)).toMatchObject({
        name: 'vault',
        kinds: ['command'],
        labels: {},
      });
    });

    it('may be repeated until a token is used: the same edge, one more token, as it was described last', async () => {
      const token = await enrolment();
      const lost = await enrolments.enrol(token, MACHINE);
      const kept = await enrolments.enrol(token, { ...MACHINE, kinds: ['chat', 'command'] });
      expect(kept.edgeId).toBe(lost.edgeId);
      expect((await edges.authenticate(kept.token)).kinds).toEqual(['chat', 'command']);
      await expect(edges.authenticate(lost.token)).rejects.toMatchObject({ code: 'auth.invalid' });
      await expect(enrolments.enrol(token, MACHINE)).rejects.toMatchObject({
        code: 'auth.invalid',
      });
      await expect(edges.authenticate(kept.token)).resolves.toBeDefined();
    });

    it('ends no token that it gave by a duplicate that comes late: the first that is used does', async () => {
      const token = await enrolment();
      const lost = await enrolments.enrol(token, MACHINE);
      const received = await enrolments.enrol(token, MACHINE);
      const late = await enrolments.enrol(token, MACHINE);
      await expect(edges.authenticate(received.token)).resolves.toBeDefined();
      for (const other of [lost, late]) {
        await expect(edges.authenticate(other.token)).rejects.toMatchObject({
          code: 'auth.invalid',
        });
      }
      expect(await store.database.reads.query('SELECT * FROM unused_edge_tokens')).toEqual([]);
    });

    it('keeps the latest ten tokens that nobody used', async () => {
      const token = await enrolment();
      const given: string[] = [];
      for (let n = 0; n < 11; n += 1) given.push((await enrolments.enrol(token, MACHINE)).token);
      const [oldest = '', second = ''] = given;
      await expect(edges.authenticate(oldest)).rejects.toMatchObject({ code: 'auth.invalid' });
      await expect(edges.authenticate(second)).resolves.toBeDefined();
    });

    it('lasts as long as it was given', async () => {
      const short = await enrolment({ ttlSeconds: 60 });
      const usual = await enrolment();
      clock.advance(60_000);
      await expect(enrolments.enrol(short, MACHINE)).rejects.toMatchObject({
        code: 'auth.invalid',
      });
      await expect(enrolments.enrol(usual, MACHINE)).resolves.toBeDefined();
    });

    it.each([
      [null, 'auth.missing'],
      [`fmn_${'x'.repeat(43)}`, 'auth.invalid'],
      [`fmk_${'x'.repeat(43)}`, 'auth.invalid'],
      [`fme_${'x'.repeat(43)}`, 'auth.invalid'],
    ])('refuses the token %p', async (token, code) => {
      await expect(enrolments.enrol(token, MACHINE)).rejects.toMatchObject({ code });
    });

    it.each<[string, Partial<EnrolCommand>, string]>([
      ['an empty name', { name: '' }, 'name'],
      ['a name that is an id', { name: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' }, 'name'],
      ['a name with a line break', { name: 'a\nb' }, 'name'],
      ['no kinds', { kinds: [] }, 'kinds'],
      ['a kind with a blank', { kinds: ['a b'] }, 'kinds[0]'],
      ['a label with =', { labels: { 'a=b': 'c' } }, 'labels'],
      ['a label that is no string', { labels: { a: 1 as unknown as string } }, 'labels'],
    ])('refuses %s, and leaves the enrolment as it was', async (_, changes, path) => {
      const token = await enrolment();
      await expect(enrolments.enrol(token, { ...MACHINE, ...changes })).rejects.toMatchObject({
        code: 'request.invalid',
        details: { errors: [{ path }] },
      });
      await expect(enrolments.enrol(token, MACHINE)).resolves.toBeDefined();
    });

    it('gives a name to one live edge only', async () => {
      const { edgeId } = await enrolled();
      await expect(enrolled()).rejects.toMatchObject({ code: 'edge.name_taken' });
      await expect(enrolment({ name: MACHINE.name })).rejects.toMatchObject({
        code: 'edge.name_taken',
      });
      await store.database.unitOfWork.run((tx) => edges.revoke(tx, edgeId));
      await expect(enrolled()).resolves.toBeDefined();
    });
  });

  describe('authentication', () => {
    it.each([
      ['nothing', null, 'auth.missing'],
      ['an unknown token', `fme_${'x'.repeat(43)}`, 'auth.invalid'],
      ['an API key', `fmk_${'x'.repeat(43)}`, 'auth.invalid'],
    ])('refuses %s', async (_, token, code) => {
      await expect(edges.authenticate(token)).rejects.toMatchObject({ code });
    });

    it('notes when the edge was seen, at most every ten seconds', async () => {
      const { edgeId, token } = await enrolled();
      const start = clock.now();
      await edges.authenticate(token);
      clock.advance(9000);
      await edges.authenticate(token);
      expect((await edgeRow(edgeId)).lastSeenAt).toBe(start);
      clock.advance(1000);
      await edges.authenticate(token);
      expect((await edgeRow(edgeId)).lastSeenAt).toBe(start + 10_000);
    });

    it('notes that it was seen after the clock was set back', async () => {
      const { edgeId, token } = await enrolled();
      await edges.authenticate(token);
      clock.jumpWall(-3_600_000);
      await edges.authenticate(token);
      expect((await edgeRow(edgeId)).lastSeenAt).toBe(clock.now());
    });

    it('ends with revocation, of every token that the edge was given, and says so once', async () => {
      const { edgeId, token } = await enrolled();
      await edges.authenticate(token);
      ended = [];
      const next = await store.database.unitOfWork.run((tx) => edges.rotateToken(tx, edgeId));
      expect(await store.database.unitOfWork.run((tx) => edges.revoke(tx, edgeId))).toBe(true);
      for (const given of [token, next]) {
        await expect(edges.authenticate(given)).rejects.toMatchObject({ code: 'auth.invalid' });
      }
      expect(await store.database.unitOfWork.run((tx) => edges.revoke(tx, edgeId))).toBe(false);
      expect(ended).toEqual([edgeId]);
    });

    it('does not bring a revoked edge to life by a first use that waited for its turn', async () => {
      const { edgeId, token } = await enrolled();
      const revoking = store.database.unitOfWork.run((tx) => edges.revoke(tx, edgeId));
      // It is read while the edge is live, and used behind the revocation.
      const use = edges.authenticate(token);
      await revoking;
      await expect(use).rejects.toMatchObject({ code: 'auth.invalid' });
      expect((await edgeRow(edgeId)).tokenHash).toBeNull();
    });
  });

  describe('rotation', () => {
    it('lets the old token live until the new one is used, and then says that it has ended', async () => {
      const { edgeId, token } = await enrolled();
      await edges.authenticate(token);
      const next = await store.database.unitOfWork.run((tx) => edges.rotateToken(tx, edgeId));
      await expect(edges.authenticate(token)).resolves.toBeDefined();
      ended = [];
      await expect(edges.authenticate(next)).resolves.toMatchObject({ edgeId });
      expect(ended).toEqual([edgeId]);
      await expect(edges.authenticate(token)).rejects.toMatchObject({ code: 'auth.invalid' });
      await expect(edges.authenticate(next)).resolves.toBeDefined();
    });

    it('keeps each new token good until one is used', async () => {
      const { edgeId } = await enrolled();
      const rotate = () => store.database.unitOfWork.run((tx) => edges.rotateToken(tx, edgeId));
      const received = await rotate();
      const late = await rotate();
      await expect(edges.authenticate(received)).resolves.toBeDefined();
      await expect(edges.authenticate(late)).rejects.toMatchObject({ code: 'auth.invalid' });
    });

    it('serves many first uses at once', async () => {
      const { edgeId } = await enrolled();
      const next = await store.database.unitOfWork.run((tx) => edges.rotateToken(tx, edgeId));
      const answers = await Promise.all(Array.from({ length: 20 }, () => edges.authenticate(next)));
      expect(new Set(answers.map((answer) => answer.edgeId))).toEqual(new Set([edgeId]));
      expect(ended).toEqual([edgeId]);
    });
  });

  describe('administration', () => {
    it('changes what is named and nothing else', async () => {
      const { edgeId, token } = await enrolled();
      await edges.authenticate(token);
      const change = (changes: Parameters<Edges['change']>[2]) =>
        store.database.unitOfWork.run((tx) => edges.change(tx, edgeId, changes));
      await change({ desired: 'drain', maxLeases: 2 });
      const changed = await change({ labels: { gpu: 'false' } });
      expect(changed).toMatchObject({ desired: 'drain', maxLeases: 2, labels: { gpu: 'false' } });
      expect(await edges.authenticate(token)).toMatchObject({ desired: 'drain', maxLeases: 2 });
      expect(await change({ maxLeases: null })).toMatchObject({ maxLeases: null });
      await expect(change({ maxLeases: 0 })).rejects.toMatchObject({ code: 'request.invalid' });
    });

    it('finds nothing of unknown and revoked edges', async () => {
      const { edgeId } = await enrolled();
      await store.database.unitOfWork.run((tx) => edges.revoke(tx, edgeId));
      for (const id of [edgeId, ids.uuid()]) {
        await expect(
          store.database.unitOfWork.run((tx) => edges.change(tx, id, { desired: 'run' })),
        ).rejects.toMatchObject({ code: 'edge.not_found' });
        await expect(
          store.database.unitOfWork.run((tx) => edges.rotateToken(tx, id)),
        ).rejects.toMatchObject({ code: 'edge.not_found' });
      }
    });

    it('resolves live edges by id and by name', async () => {
      const { edgeId } = await enrolled();
      const { reads, unitOfWork } = store.database;
      expect(await edges.resolve(reads, edgeId)).toBe(edgeId);
      expect(await edges.resolve(reads, MACHINE.name)).toBe(edgeId);
      expect(await edges.resolve(reads, 'nobody')).toBeNull();
      await unitOfWork.run((tx) => edges.revoke(tx, edgeId));
      expect(await edges.resolve(reads, edgeId)).toBeNull();
      expect(await edges.resolve(reads, MACHINE.name)).toBeNull();
    });

    it('lists live edges, newest first, page by page', async () => {
      const made: EnrolledEdge[] = [];
      for (const name of ['a', 'b', 'c', 'd']) {
        made.push(await enrolled({ ...MACHINE, name }));
        clock.advance(1);
      }
      await store.database.unitOfWork.run((tx) => edges.revoke(tx, made[1]?.edgeId ?? ''));
      const { reads } = store.database;
      const first = await edges.list(reads, { limit: 2, cursor: null });
      const second = await edges.list(reads, { limit: 2, cursor: first.nextCursor });
      expect([...first.items, ...second.items].map((edge) => edge.name)).toEqual(['d', 'c', 'a']);
      expect(second.nextCursor).toBeNull();
    });
  });
});
