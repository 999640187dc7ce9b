import { KeyRing, RandomIds } from '@foreman/kernel';
import { WebhookLab } from '../spec/webhook-lab';
import { SecretBox } from './secret-box';
import { SecretRotation } from './secret-rotation';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
const LOST = Buffer.alloc(32, 3);
const PLAIN = Buffer.alloc(32, 7);
const URL_OF_HOOK = 'https://hooks.example/a';

describe('SecretRotation', () => {
  let lab: WebhookLab;
  afterEach(() => lab.close());

  const open = async (...previousSecretKeys: Buffer[]) => {
    lab = await WebhookLab.open({ secretKey: NEW, previousSecretKeys });
  };
  const rotation = () => lab.app.get(SecretRotation);
  /** An endpoint whose column was sealed under another key. */
  const endpointUnder = async (key: Buffer, column = 'secret_sealed'): Promise<string> => {
    const { endpoint } = await lab.submit({ url: URL_OF_HOOK });
    const sealed = new SecretBox(new KeyRing(key), new RandomIds()).seal(PLAIN, endpoint.id);
    const until = column === 'secret_sealed' ? '' : ', previous_secret_until = 1';
    await lab.run((tx) =>
      tx.execute(`UPDATE webhook_endpoints SET ${column} = ?${until} WHERE id = ?`, [
        sealed,
        endpoint.id,
      ]),
    );
    return endpoint.id;
  };
  const sealedOf = async (id: string) => {
    const sql = `SELECT secret_sealed, previous_secret_sealed FROM webhook_endpoints WHERE id = ?`;
    const [row] = await lab.reads.query<Record<string, string | null>>(sql, [id]);
    return row ?? {};
  };
  const presentBox = () => new SecretBox(new KeyRing(NEW), new RandomIds());

  it.each(['secret_sealed', 'previous_secret_sealed'])(
    'seals a %s of the previous key with the present one, once',
    async (column) => {
      await open(OLD);
      const id = await endpointUnder(OLD, column);
      expect(await rotation().runOnce()).toEqual({ resealed: 1, unreadable: 0 });
      expect(presentBox().open((await sealedOf(id))[column] ?? '', id)).toEqual(PLAIN);
      expect(await rotation().runOnce()).toEqual({ resealed: 0, unreadable: 0 });
    },
  );

  it('seals each of several previous secrets that it can open', async () => {
    await open(OLD);
    const id = await endpointUnder(OLD, 'previous_secret_sealed');
    const old = (await sealedOf(id))['previous_secret_sealed'] ?? '';
    const three = `${presentBox().seal(PLAIN, id)} v1.lost ${old} ${old}`;
    await lab.run((tx) =>
      tx.execute('UPDATE webhook_endpoints SET previous_secret_sealed = ?', [three]),
    );
    expect(await rotation().runOnce()).toEqual({ resealed: 2, unreadable: 1 });
    const sealed = ((await sealedOf(id))['previous_secret_sealed'] ?? '').split(' ');
    expect(sealed.slice(0, 2)).toEqual(three.split(' ').slice(0, 2));
    for (const each of sealed.slice(2)) expect(presentBox().open(each, id)).toEqual(PLAIN);
    expect(sealed).toHaveLength(4);
  });

  it('leaves the others as they are, and counts what no key opens', async () => {
    await open(OLD);
    const fresh = (await lab.submit({ url: URL_OF_HOOK })).endpoint.id;
    const lost = await endpointUnder(LOST);
    const before = [await sealedOf(fresh), await sealedOf(lost)];
    expect(await rotation().runOnce()).toEqual({ resealed: 0, unreadable: 1 });
    expect([await sealedOf(fresh), await sealedOf(lost)]).toEqual(before);
  });

  it('goes on behind one that cannot be written', async () => {
    await open(OLD);
    const bad = await endpointUnder(OLD);
    for (let made = 0; made < 3; made += 1) await endpointUnder(OLD);
    await lab.run((tx) =>
      tx.execute(`CREATE TRIGGER broken BEFORE UPDATE ON webhook_endpoints WHEN OLD.id = '${bad}'
        BEGIN SELECT RAISE(ABORT, 'a broken endpoint'); END`),
    );
    expect(await rotation().runOnce()).toEqual({ resealed: 3, unreadable: 0 });
  });

  it('walks over its pages to the end', async () => {
    await open(OLD);
    for (let made = 0; made < 205; made += 1) await endpointUnder(OLD);
    expect(await rotation().runOnce()).toEqual({ resealed: 205, unreadable: 0 });
  });

  it('does not undo a replacement that came in between', async () => {
    await open(OLD);
    const id = await endpointUnder(OLD);
    const query = lab.reads.query.bind(lab.reads);
    jest.spyOn(lab.reads, 'query').mockImplementationOnce(async (sql, params) => {
      const rows = await query(sql, params);
      await lab.run((tx) => lab.endpoints.rotateSecret(tx, id));
      return rows as never;
    });
    expect(await rotation().runOnce()).toEqual({ resealed: 0, unreadable: 0 });
    const sealed = await sealedOf(id);
    expect(presentBox().open(sealed['secret_sealed'] ?? '', id)).not.toEqual(PLAIN);
    expect(await rotation().runOnce()).toEqual({ resealed: 1, unreadable: 0 });
  });

  it('reads nothing where no key was replaced', async () => {
    await open();
    const query = jest.spyOn(lab.reads, 'query');
    expect(await rotation().runOnce()).toEqual({ resealed: 0, unreadable: 0 });
    expect(query).not.toHaveBeenCalled();
  });
});
